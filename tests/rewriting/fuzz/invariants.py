"""What must hold for every message whatever its octets are; each check fails with an AssertionError."""

import zlib
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple

from backstamp.mail.defects import Defect
from backstamp.mail.structure import Part, StructureLimits, parse_structure
from backstamp.rewriting import (
    CandidateReport,
    Carrier,
    Direction,
    Manifest,
    Options,
    Plan,
    Rewritten,
    SkipReason,
    plan,
    unwrap,
)
from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.options import Limits
from backstamp.rewriting.parts.text_part import PartUnreadableError, TextPart
from backstamp.rewriting.text.text_links import find_text_links
from tests.rewriting.sealers import BASE, FixedSealer

NOBODY = dict[str, str]().get
TRACE = b"Received: from a by b; Mon, 1 Jun 2026 08:00:00 +0000\r\n"


class Way(NamedTuple):
    """How a message is rewritten: `padding` makes a sealed URL ordinary, or too long for 998 octets."""

    direction: Direction
    padding: int


_WAYS = tuple(Way(direction, padding) for direction in Direction for padding in (40, 1100))
Ways = Callable[[bytes], tuple[Way, ...]]
"""Chooses the ways in which a message is rewritten."""


def one_way(raw: bytes) -> tuple[Way, ...]:
    """Choose one way by the message: a hunt tries four times as many then."""
    return (_WAYS[zlib.crc32(raw) % len(_WAYS)],)


def every_way(raw: bytes) -> tuple[Way, ...]:
    """Choose both directions, each with both kinds of sealed URLs, for every message."""
    del raw
    return _WAYS


def message_holds(raw: bytes, ways: Iterable[Way]) -> None:
    """Rewrite a message in these ways, and try everything that is promised of the result."""
    off = Options(direction=Direction.INBOUND, opens=False, links=False)
    assert plan(raw, off).apply(FixedSealer()).raw == raw, "changed without a patch"
    for way in ways:
        planned = plan(raw, Options(direction=way.direction))
        sealer = FixedSealer(way.padding)
        manifest_holds(raw, planned)
        rewritten = planned.apply(sealer)
        only_the_edits_differ(raw, rewritten)
        it_unwraps_exactly(raw, rewritten)
        if _goes_on_into_a_new_header(raw, rewritten) or _falls_out_of_its_charset(rewritten):
            continue
        the_links_read_back(raw, planned, rewritten, sealer)
        the_urls_alone_bring_the_links_back(raw, planned, rewritten, sealer)


def _goes_on_into_a_new_header(raw: bytes, rewritten: Rewritten) -> bool:
    """Whether a part is encoded anew into whose header some programs read on from that of its container.

    That is one without an empty line before its first part, or with one that is a bare CR. What we say there
    of the part they take for the container's: a doubt that was none before, in a message that they have never
    divided into its parts.
    """
    paths = [f"{part.path}." for part in rewritten.manifest.parts if part.reencoded]
    stack = [parse_structure(raw, StructureLimits())] if paths else []
    while stack:
        part = stack.pop()
        reads_on = part.defects & {Defect.HEADER_BROKEN_OFF, Defect.BARE_CR}
        if reads_on and any(path.startswith(f"{part.path}.") for path in paths):
            return True
        stack += part.children
    return False


def _falls_out_of_its_charset(rewritten: Rewritten) -> bool:
    """Whether a plain text is rewritten among shifts of a charset that it is not in, and breaks its pairs.

    What readers who guess that charset see there has made no sense before, nor does it now.
    """
    touched = [part for part in rewritten.manifest.parts if part.touched]
    paths = {part.path for part in touched if part.media_type != "text/html"}
    stack = [parse_structure(rewritten.raw, StructureLimits())] if paths else []
    while stack:
        part = stack.pop()
        if part.path in paths:
            try:
                TextPart(rewritten.raw, part, Limits().html_bytes)
            except PartUnreadableError as error:
                if error.reason is SkipReason.UNSAFE_CHARSET:
                    return True
        stack += part.children
    return False


def _others_see_more(planned: Plan, *messages: bytes) -> bool:
    """Whether other readings than ours show what is left alone for a reason of its own, as a `javascript:`.

    Such a candidate is named like one of ours, though a new URL within that reading may change it, or a quote
    of the pixel may end it. In plain text an address that goes on into the one behind it is parted from that,
    or gets a place by that.
    """
    in_text = [each for each in planned.manifest.candidates if each.carrier is Carrier.TEXT]
    return (
        any(each.skip_reason is SkipReason.UNLOCATED for each in in_text)
        or any(each.part == other.part and other.start < each.end for each, other in pairwise(in_text))
        or any(_others_see_more_in(planned, message) for message in messages)
    )


def _is_read_otherwise(*manifests: Manifest) -> bool:
    """Whether links are listed that only other readings of the structure show, or of what is left alone.

    Those that are known already are not, so that more of them may be listed when one has got a new URL.
    """
    return any(
        each.skip_reason is SkipReason.BROKEN_STRUCTURE
        for manifest in manifests
        for each in manifest.candidates
    )


def _others_see_more_in(planned: Plan, raw: bytes) -> bool:
    paths = {part.path for part in planned.manifest.parts if part.touched and part.media_type == "text/html"}
    stack = [parse_structure(raw, StructureLimits())] if paths else []
    while stack:
        part = stack.pop()
        if part.path in paths and _others_see_more_of(part, raw):
            return True
        stack += part.children
    return False


def _others_see_more_of(part: Part, raw: bytes) -> bool:
    try:
        html = HtmlText(OneLine(TextPart(raw, part, Limits().html_bytes).text))
    except PartUnreadableError:
        # Shifts of a charset that it is not in, which our ASCII has made whole.
        return True
    return bool(html.rivals)


def certain(manifest: Manifest) -> list[CandidateReport]:
    """Return the candidates whose place is known.

    Not those that only other readings show, which a new URL within may change, nor words that tags split, nor
    names, which may go on where a URL begins.
    """
    return [
        each
        for each in manifest.candidates
        if each.skip_reason not in (SkipReason.UNLOCATED, SkipReason.BARE_NAME)
        and (each.carrier is not Carrier.HTML_TEXT or each.start < each.end)
    ]


def carrier_after(before: CandidateReport) -> Carrier:
    """Return what holds a link when it is wrapped: around words there is an element then."""
    in_words = before.carrier is Carrier.HTML_TEXT and before.number is not None
    return Carrier.A if in_words else before.carrier


def manifest_holds(raw: bytes, planned: Plan) -> None:
    """Nothing failed, spans lie in the message in order, links are numbered, and the JSON is faithful."""
    manifest = planned.manifest
    assert manifest.skip_reason is not SkipReason.FAILED
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert manifest.size == len(raw)
    for candidate in manifest.candidates:
        assert 0 <= candidate.start <= candidate.end <= len(raw), candidate
        assert (candidate.number is None) is (candidate.skip_reason is not None), candidate
    numbers = [candidate.number for candidate in manifest.candidates if candidate.number is not None]
    assert numbers == [link.number for link in planned.links] == list(range(1, len(numbers) + 1))
    wrapped = [candidate.url for candidate in manifest.candidates if candidate.number is not None]
    assert wrapped == [link.url for link in planned.links]


def only_the_edits_differ(raw: bytes, rewritten: Rewritten) -> None:
    """Outside the manifest's edits every octet is the same."""
    out = rewritten.raw
    position = shift = 0
    for edit in rewritten.manifest.edits:
        assert out[position + shift : edit.start + shift] == raw[position : edit.start]
        original = zlib.decompress(edit.original, -15) if edit.deflated else edit.original
        assert raw.startswith(original, edit.start)
        assert zlib.crc32(out[edit.start + shift : edit.start + shift + edit.length]) == edit.check
        position = edit.start + len(original)
        shift += edit.length - len(original)
    assert out[position + shift :] == raw[position:]


def it_unwraps_exactly(raw: bytes, rewritten: Rewritten) -> None:
    """With the stored manifest every octet comes back, also below a trace field."""
    stored = Manifest.from_json(rewritten.manifest.to_json())
    assert unwrap(rewritten.raw, NOBODY, stored) == raw
    assert unwrap(TRACE + rewritten.raw, NOBODY, stored) == TRACE + raw


def the_links_read_back(raw: bytes, planned: Plan, rewritten: Rewritten, sealer: FixedSealer) -> None:
    """Read again, the output holds the same candidates, and each wrapped one leads to its sealed URL."""
    found = certain(planned.manifest)
    own = Options(direction=planned.manifest.direction, opens=False, own_prefixes=(f"{BASE}/",))
    again = plan(rewritten.raw, own)
    read = certain(again.manifest)
    if _others_see_more(planned, raw, rewritten.raw) or _is_read_otherwise(planned.manifest, again.manifest):
        seen = [(each.part, each.carrier, each.url) for each in read]
        for each in found:
            if each.number is not None:
                assert (each.part, carrier_after(each), sealer.link(each.number, each.url)) in seen
    else:
        assert [(each.part, each.carrier) for each in read] == [
            (each.part, carrier_after(each)) for each in found
        ]
        for before, after in zip(found, read, strict=True):
            if before.number is not None:
                assert after.url == sealer.link(before.number, before.url)
    assert not any(link.url.startswith(BASE) for link in again.links), "a link was wrapped twice"


def the_urls_alone_bring_the_links_back(
    raw: bytes, planned: Plan, rewritten: Rewritten, sealer: FixedSealer
) -> None:
    """Without the manifest every target comes back, the pixel goes, and a second time nothing changes."""
    found = certain(planned.manifest)
    if any(each.url.startswith(BASE) for each in found):
        # What anybody can write for this sealer stood there before, and is taken for ours.
        return
    reads = sealer.reads(planned).get
    restored = unwrap(rewritten.raw, reads)
    assert unwrap(restored, reads) == restored
    if not all(_stands_for_itself(each) for each in found):
        return
    again = plan(restored, Options(direction=planned.manifest.direction, opens=False)).manifest
    if any(part.skip_reason is SkipReason.UNSAFE_CHARSET for part in again.parts):
        # The only octets that told the charset stood in a link, and its target is ASCII.
        return
    read = certain(again)
    if _others_see_more(planned, raw, rewritten.raw) or _is_read_otherwise(planned.manifest, again):
        seen = [(each.part, each.carrier, each.url) for each in read]
        for each in found:
            if each.number is not None:
                assert (each.part, carrier_after(each), each.url) in seen
        return
    for before, after in zip(found, read, strict=True):
        if before.number is not None:
            assert (after.part, after.carrier, after.url) == (before.part, carrier_after(before), before.url)


def _stands_for_itself(candidate: CandidateReport) -> bool:
    """Whether a target in plain text is read as that target again.

    Not `https://xn--)bcher-4ya.example/`, which ends for its readers before the bracket; nor what ends in a
    bracket whose other half is percent-encoded now: `/a{#b}` is `/a%7B#b}`, and the last one closes nothing.
    """
    url = candidate.url
    if candidate.number is None or candidate.carrier is not Carrier.TEXT:
        return True
    ends_in_bracket = url.endswith((")", "]", "}"))
    readings = [f"<{url}>", url] if ends_in_bracket else [f"<{url}>"]
    return all([link.value for link in find_text_links(each)] == [url] for each in readings)
