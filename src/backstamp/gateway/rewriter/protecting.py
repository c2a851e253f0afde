"""protecting: a received message: its links judged, and rewritten for each recipient where that is wanted."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Final

import msgspec

from backstamp.gateway.rewriter.messages import MOST_FINDINGS, ProtectAnswer, ProtectRequest, SealedLink
from backstamp.gateway.rewriter.signatures import held_parts
from backstamp.gateway.rewriter.tracking import sealed_links
from backstamp.gateway.rewriter.unwrapping import target_patches
from backstamp.gateway.rewriter.verdict_fields import OUR_FIELDS, subject_mark, verdict_fields
from backstamp.mail.composed_patches import composed
from backstamp.mail.marks import HEAD_OCTETS, marks
from backstamp.mail.patches import Patch, Patched, apply_patches
from backstamp.policy import OWN_BLOCKED, LinkWord, OwnWord, ProtectionMode, link_words
from backstamp.rewriting import LeftLink, Plan, SkipReason, TrackedLink, plan
from backstamp.shared_files.answers_file import AnswersFile
from backstamp.shared_files.known_sites_file import KnownSitesFile
from backstamp.shared_files.threat_file import ThreatFile
from backstamp.threats import Finding
from backstamp.threats.heuristics import Looks, enough_to_warn, lead_nowhere, organisation
from backstamp.tokens import CopySealer, Keyring
from backstamp.urls.layers import within_reach
from backstamp.urls.other_schemes import has_more, looked_up_as, share_hosts
from backstamp.urls.parsing import TWO_SLASHES, WebUrl, scheme_of, web_url
from backstamp.vocabulary import QueuedFinding, ThreatType


def protect(request: ProtectRequest, raw: bytes, ring: Keyring) -> tuple[ProtectAnswer, list[list[Patch]]]:
    """Return what was found in a received message, and for each seal of the request what makes its copy."""
    received, unwrapping = raw, list[Patch]()
    if request.mode is ProtectionMode.OFF:
        return ProtectAnswer(manifest=""), [target_patches(raw, request.unwrapped_prefixes, ring)]
    made = plan(raw, request.options)
    if any(each.skip_reason in _MAY_BE_OURS for each in made.manifest.candidates):
        unwrapping = target_patches(raw, request.unwrapped_prefixes, ring)
        received = apply_patches(raw, unwrapping)
        made = plan(received, request.options)
    judged = _Judged(made, request)
    unprotected = made.manifest.unprotected
    if SkipReason.SIGNED in unprotected and _all_signed(made, received, request):
        unprotected = tuple(reason for reason in unprotected if reason is not SkipReason.SIGNED)
    if not judged.whole:
        unprotected = (*unprotected, SkipReason.TOO_COSTLY)
    guarded = request.unguarded is None
    if request.unguarded is not None and made.links:
        unprotected = (*unprotected, request.unguarded)
    fields = verdict_fields(
        request.mode,
        links=len(made.links) if guarded else 0,
        unprotected=unprotected if request.marks.unprotected else (),
        findings=judged.confirmed if request.marks.bad_field else (),
    )
    subject = subject_mark(
        known_bad=request.marks.bad_subject and judged.known_bad,
        unprotected=request.marks.unprotected and any(each.provoked for each in unprotected),
    )
    copies: list[list[Patch]] = []
    for seal in request.seals:
        sealing: list[Patch] = []
        if request.mode is ProtectionMode.PROTECT and guarded:
            sealing = made.apply(
                CopySealer(
                    ring,
                    request.base_url,
                    domain_id=request.domain_id,
                    tracking_id=request.tracking_id,
                    recipient_index=seal.index,
                    recipient_key=seal.recipient_key,
                    protected=True,
                    doubtful=judged.doubtful,
                )
            ).patches
        head = Patched(received, sealing).head(HEAD_OCTETS)
        marking = marks(head, fields, subject=subject, ours=OUR_FIELDS)
        copies.append(composed(len(raw), unwrapping, composed(len(received), sealing, marking)))
    answer = ProtectAnswer(
        manifest=made.manifest.to_json().decode(),
        links=sealed_links(made),
        others=judged.others,
        unprotected=tuple(reason.value for reason in unprotected),
        findings=judged.findings[:MOST_FINDINGS],
        known_bad=judged.known_bad,
    )
    return answer, copies


_MAY_BE_OURS: Final = frozenset({SkipReason.OWN_LINK, SkipReason.TOO_MANY_LINKS})
"""Of too many links not all are in the manifest."""
_MOST_ELSEWHERE: Final = 1024 * 1024
"""Characters of addresses of other schemes that are read of one message: 0.6 s of a processor at most.

5,000 addresses of 16,000 characters took 44 s.
"""


class _Other(msgspec.Struct):
    """A web address that is not wrapped: the first part with it, and what the addresses around it tell."""

    part: str
    is_share: bool = False
    hides_others: bool = False


class _Judged:
    """What speaks against the links of a message, those included that are not rewritten.

    `others` are addresses that stand in the message unwrapped: they get numbers behind the wrapped ones, so
    that looking back finds who was sent them. `whole` is false where somebody made addresses that cost more
    than a message may: some were not looked at. Those of them that are wrapped are `doubtful`.
    """

    def __init__(self, made: Plan, request: ProtectRequest) -> None:
        self._request = request
        self._sites = _sites_file(Path(request.known_sites)).current()
        self._new: dict[str, bool] = {}
        self._reader = organisation(request.own_domains)
        self._unwrapped, self.whole = _unwrapped(made)
        others = tuple(
            SealedLink(number, url, "", other.part)
            for number, (url, other) in enumerate(self._unwrapped.items(), start=made.places + 1)
        )
        links: list[tuple[TrackedLink | SealedLink, WebUrl]] = [(each, each.as_url()) for each in made.links]
        links += [(each, url) for each in others if (url := web_url(each.url)) is not None]
        reached = within_reach([url for _, url in links])
        doubtful: set[int] = set()
        if len(reached) < len(links):
            self.whole = False
            doubtful = {links[place][0].number for place in set(range(len(links))).difference(reached)}
            links = [links[place] for place in reached]
        urls = [url for _, url in links]
        self._may_lead_on = not lead_nowhere(urls)
        words = link_words(
            urls,
            _threat_file(Path(request.threat_lists)).current(),
            request.own_lists,
            _answers_file(Path(request.threat_answers)).current(),
            request.at_us,
        )
        found: list[QueuedFinding] = []
        for (link, url), word in zip(links, words, strict=True):
            known, start = ((), url) if word is None else (_known(word), word.looks_from)
            looks = self._looks(link, url, start) if start is not None else ()
            if known or looks:
                found += _queued(link.number, (*known, *looks))
            if looks:
                doubtful.add(link.number)
        self.findings = tuple(found)
        self.confirmed = tuple(each for each in found if each.threat is not ThreatType.SUSPICIOUS)
        self.known_bad = bool(self.confirmed)
        self.others = others
        self.doubtful = frozenset(doubtful)

    def _looks(self, link: TrackedLink | SealedLink, url: WebUrl, start: WebUrl) -> tuple[Finding, ...]:
        """Return what the looks from one of a link's URLs on give away, where that is enough to warn.

        What a reader sees of the link says only of the outermost one where it leads.
        """
        text = written = ""
        other = None
        if start is url and isinstance(link, TrackedLink):
            text, written = link.text, link.written
        elif start is url:
            other = self._unwrapped[link.url]
        seen = Looks(
            url=start,
            written=written,
            text=text,
            own_domains=self._request.own_domains,
            sender_domain=self._request.sender_domain,
            new_here=self._is_new(start.host),
            may_lead_on=self._may_lead_on,
            is_share=other is not None and other.is_share,
            hides_others=other is not None and other.hides_others,
        )
        return enough_to_warn(seen, self._reader)

    def _is_new(self, host: str) -> bool | None:
        if self._sites is None:
            return None
        is_new = self._new.get(host)
        if is_new is None:
            is_new = self._new[host] = not self._sites.knows(host)
        return is_new


def _known(word: LinkWord) -> tuple[Finding, ...]:
    confirmed = tuple(each for each in word.findings if each.confirmed)
    return (OWN_BLOCKED, *confirmed) if word.own is OwnWord.BLOCKED else confirmed


def _all_signed(made: Plan, received: bytes, request: ProtectRequest) -> bool:
    """Return whether every part that counts as signed lies in one whose signature by the author holds."""
    held = held_parts(received, request.sender, request.trust)
    return all(
        any(part.path == path or part.path.startswith(f"{path}.") for path in held)
        for part in made.manifest.parts
        if part.skip_reason is SkipReason.SIGNED
    )


def _unwrapped(made: Plan) -> tuple[dict[str, _Other], bool]:
    """Return the web addresses that stand in the message and are not ours to wrap, and whether they are all.

    One of another scheme counts as the web addresses that it is looked up as; so does a share of Windows.
    """
    found: dict[str, _Other] = {}
    lefts = [left for left in made.left() if left.reason is not SkipReason.OWN_LINK]
    elsewhere = [place for place, left in enumerate(lefts) if _is_elsewhere(left)]
    read = _read(lefts, elsewhere)
    for place, left in enumerate(lefts):
        urls = [left.url] if left.url is not None else []
        shares, more = frozenset[str](), False
        if place in read:
            shares, more = share_hosts(left.address), has_more(left.address)
            urls = urls or [*looked_up_as(left.address)]
        for url in urls:
            other = found.setdefault(url.href, _Other(left.part))
            other.is_share = other.is_share or url.host in shares
            other.hides_others = other.hides_others or more
    return found, len(read) == len(elsewhere)


def _read(lefts: Sequence[LeftLink], elsewhere: Sequence[int]) -> frozenset[int]:
    """Return at which of these places the addresses are read: the short ones first, as in `within_reach`."""
    by_length = sorted(elsewhere, key=lambda place: len(lefts[place].address))
    sizes = [*accumulate(len(lefts[place].address) for place in by_length)]
    return frozenset(by_length[: bisect_right(sizes, _MOST_ELSEWHERE)])


def _is_elsewhere(left: LeftLink) -> bool:
    """Whether a click may lead to another place than a browser, and is not harmless all the same."""
    if not left.reason.unprotected or left.reason is SkipReason.URL_TOO_LONG:
        return False
    return left.address.startswith(TWO_SLASHES) or scheme_of(left.address) not in ("", "http", "https")


def _queued(number: int, findings: tuple[Finding, ...]) -> Iterator[QueuedFinding]:
    for each in findings:
        yield QueuedFinding(number, each.threat_type, each.reason.value, each.source, each.detail)


# Opened once: all requests of a process name the same.
_sites_file: Final = lru_cache(maxsize=1)(KnownSitesFile)
_answers_file: Final = lru_cache(maxsize=1)(AnswersFile)
_threat_file: Final = lru_cache(maxsize=1)(ThreatFile)
