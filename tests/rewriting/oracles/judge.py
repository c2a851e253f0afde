"""The judgement: what oracles report of a message before and after, against what the manifest says."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from backstamp.rewriting import Carrier, Decision, Manifest, Options, SkipReason, plan
from tests.rewriting.oracles.linkifier import linkified
from tests.rewriting.oracles.mail_program import ShownPart, shown_parts
from tests.rewriting.oracles.panel import READERS, Panel, normalised, views
from tests.rewriting.oracles.reports import ANY_HREF, Reading, Reported
from tests.rewriting.sealers import BASE, FixedSealer

_SEALED = re.compile(rf"{re.escape(BASE)}/L([0-9]+)x*")
_HREFS = (Carrier.A, Carrier.AREA, Carrier.SVG_A, Carrier.MATHML, Carrier.VML)
_CARRIERS = frozenset(Carrier)
_ABSOLUTE = re.compile(r"\s*https?:\s*//", re.IGNORECASE)
_LISTED_CHARACTERS = 2000
"""So much of the text of a link that is no URL a manifest keeps."""


class Miss(NamedTuple):
    """Something an oracle sees that the manifest does not account for."""

    part: str
    oracle: str
    kind: str
    value: str
    why: str


class Case(NamedTuple):
    """A message before and after, as a mail program reads both."""

    before: tuple[ShownPart, ...]
    after: tuple[ShownPart, ...]
    manifest: Manifest

    @property
    def documents(self) -> list[str]:
        """Every HTML text, for `Panel.learn`."""
        return [part.text for part in (*self.before, *self.after) if part.media_type == "text/html"]


class Account:
    """What a manifest says of links: the wrapped ones by number, the skipped ones by carrier and URL."""

    def __init__(self, manifest: Manifest, path: str | None) -> None:
        """Take the links of one part, or those of all where the path is None."""
        self.targets: dict[int, tuple[str, str]] = {}
        self.around_words: set[str] = set()
        self._listed: set[tuple[str, str]] = set()
        for each in manifest.candidates:
            if path is not None and each.part != path:
                continue
            if each.decision is Decision.WRAPPED and each.number is not None:
                self.targets[each.number] = (each.url, each.new_url or "")
                if each.carrier is Carrier.HTML_TEXT:
                    self.around_words.add(each.new_url or "")
            else:
                self._listed.add((each.carrier, _comparable(each.url)))
        self.unlocated = any(
            each.skip_reason is SkipReason.UNLOCATED and path in (None, each.path) for each in manifest.parts
        )
        """Some of what stands in conditional comments or in srcdoc is listed by the part's reason only."""
        self.pixel = manifest.pixel.new_url
        self.pixels = 1 if self.pixel is not None and path in (None, manifest.pixel.part) else 0

    def lists(self, link: Reported) -> bool:
        """Whether the link is listed as left alone, with the place it stands in and its URL."""
        if link.within and self.unlocated:
            return True
        texts = (_comparable(text[:_LISTED_CHARACTERS]) for text in link.within)
        if any((Carrier.SRCDOC, text) in self._listed for text in texts):
            return True
        keys = {_comparable(link.key)}
        if link.url:  # a base of another scheme gives a relative link its address, as one of the web does
            keys.add(_comparable(link.url[:_LISTED_CHARACTERS]))
        if link.key == link.value or len(link.key) > _LISTED_CHARACTERS:
            keys.add(_comparable(link.value[:_LISTED_CHARACTERS]))
        if link.kind == ANY_HREF:
            return any((kind, key) in self._listed for kind in _HREFS for key in keys)
        if link.kind in _CARRIERS:
            return any((link.kind, key) in self._listed for key in keys)
        return any(key in keys for _, key in self._listed)


def rewritten_case(raw: bytes, options: Options) -> Case:
    """Rewrite a message and read it as a mail program does, before and after."""
    rewritten = plan(raw, options).apply(FixedSealer())
    return Case(tuple(shown_parts(raw)), tuple(shown_parts(rewritten.raw)), rewritten.manifest)


def judge(case: Case, panel: Panel) -> list[Miss]:
    """Return what the manifest of a case does not account for; nothing where all is well."""
    manifest = case.manifest
    before = {(part.path, part.media_type): part.text for part in case.before}
    reports = {each.path: each for each in manifest.parts}
    misses: list[Miss] = []
    for part in case.after:
        original = before.get((part.path, part.media_type))
        if original is None:
            misses.append(Miss(part.path, "mail program", "", "", "was not there before"))
            continue
        report = reports.get(part.path)
        if _is_left_alone(part.path, manifest):
            if part.text != original:
                misses.append(Miss(part.path, "mail program", "", "", "changed, though listed as left alone"))
            continue
        account = Account(manifest, None if report is None else part.path)
        judged = _text if part.media_type == "text/plain" else _html
        misses += judged(part.path, original, part.text, account, panel)
    return list(dict.fromkeys(misses))


def _is_left_alone(path: str, manifest: Manifest) -> bool:
    """Whether the manifest lists the part as a whole, or the nearest around it that it speaks of."""
    if manifest.skip_reason is not None and not manifest.parts:
        return True
    reports = {each.path: each for each in manifest.parts}
    if path not in reports and any(inner.startswith(f"{path}.") for inner in reports):
        return False
    while path not in reports and "." in path:
        path = path.rpartition(".")[0]
    report = reports.get(path)
    if report is None or report.touched or report.skip_reason is SkipReason.UNLOCATED:
        return False
    return report.skip_reason is not None


def _html(path: str, before: str, after: str, account: Account, panel: Panel) -> Iterator[Miss]:
    for (name, original), (_, output) in zip(views(before), views(after), strict=True):
        if name and account.unlocated:
            break
        firsts, seconds = panel.readings(original), panel.readings(output)
        targets = _Targets(firsts, only_absolute=bool(name))
        elsewhere = _led_by_some(seconds)
        for reader, first, second in zip(READERS, firsts, seconds, strict=True):
            oracle = f"{name}, {reader}" if name else reader
            if not name and first.shape != second.shape:
                yield Miss(path, oracle, "", "", "more changed than links and pixel")
            if not name and reader != "lexbor" and second.pixels != account.pixels:
                yield Miss(path, oracle, "img", "", f"{second.pixels} pixels")
            yield from _compare(path, oracle, first, second, account, targets, elsewhere)


def _led_by_some(readings: Sequence[Reading]) -> dict[tuple[str, str], list[Reported]]:
    """Return what leads somewhere by kind and value: a base that only some see gives others no target."""
    found: dict[tuple[str, str], list[Reported]] = {}
    for link in (link for reading in readings for link in reading.links if link.leads):
        found.setdefault((link.kind, link.value), []).append(link)
    return found


class _Targets:
    """Where links of the original lead. A base that only one reader sees gives a value several targets."""

    def __init__(self, readings: Sequence[Reading], *, only_absolute: bool) -> None:
        self._only_absolute = only_absolute
        self._urls: dict[str, set[str]] = {}
        by_chromium, others = readings[:2], readings[2:]
        for reading in by_chromium:
            for link in reading.links:
                self._urls.setdefault(link.value, set()).add(_comparable(link.url))
        for reading in others:
            for link in reading.links:
                self._urls.setdefault(link.value, {_comparable(link.url)})

    def allow(self, value: str, target: str) -> bool:
        """Whether a link with this value may be wrapped with that target."""
        if self._only_absolute and not _ABSOLUTE.match(value):
            return True
        return _comparable(target) in self._urls[value]


def _comparable(url: str) -> str:
    """Return a URL without what is Chromium's own.

    It escapes `|` in a path and `'` in a user's name; in long documents it now and then leaves a null
    character that the standard has replaced.
    """
    return url.replace("|", "%7C").replace("'", "%27").replace("%00", "%EF%BF%BD")


def _compare(
    path: str,
    oracle: str,
    original: Reading,
    output: Reading,
    account: Account,
    targets: _Targets,
    elsewhere: dict[tuple[str, str], list[Reported]],
) -> Iterator[Miss]:
    def miss(link: Reported, why: str) -> Miss:
        return Miss(path, oracle, link.kind, link.value[:200], why)

    links = [link for link in output.links if link.value not in account.around_words]
    in_order = [link.kind for link in original.links] == [link.kind for link in links]
    for index, link in enumerate(links):
        sealed = _SEALED.fullmatch(link.value)
        if sealed is None:
            others = [] if link.leads else elsewhere.get((link.kind, link.value), ())
            if not any(map(account.lists, (link, *others))):
                yield miss(link, "neither wrapped nor listed")
            elif in_order and link.value != original.links[index].value:
                yield miss(link, "changed, though listed as left alone")
            continue
        target, new_url = account.targets.get(int(sealed[1]), ("", ""))
        if new_url != link.value:
            yield miss(link, "wrapped, though the manifest does not say so")
        elif in_order and not targets.allow(original.links[index].value, target):
            if "," in oracle and account.lists(original.links[index]):
                # Wrapped as browsers read it; what Outlook makes of the same characters is listed beside it.
                continue
            yield miss(original.links[index], f"wrapped with the target {target[:200]}")


def _text(path: str, before: str, after: str, account: Account, panel: Panel) -> Iterator[Miss]:
    original, output = linkified(normalised(before)), linkified(normalised(after))
    wanted = panel.resolve(original) if len(original) == len(output) else []
    for index, (link, url) in enumerate(zip(output, panel.resolve(output), strict=True)):
        sealed = _SEALED.match(link)
        if sealed is None:
            if url and link != account.pixel and not account.lists(Reported(Carrier.TEXT, link, url)):
                yield Miss(path, "linkifier", Carrier.TEXT, link[:200], "neither wrapped nor listed")
            continue
        target, new_url = account.targets.get(int(sealed[1]), ("", ""))
        if new_url != link:
            yield Miss(path, "linkifier", Carrier.TEXT, link[:200], "runs on behind the wrapped link")
        elif wanted and _comparable(target) != _comparable(wanted[index]):
            yield Miss(path, "linkifier", Carrier.TEXT, wanted[index][:200], f"wrapped as {target[:200]}")


def told(misses: Iterable[Miss]) -> str:
    """Return misses as lines for a person."""
    return "\n".join(f"{each.part} {each.oracle}: {each.kind} {each.value!r}: {each.why}" for each in misses)
