"""What holds for every MIME tree, whole or damaged, tried on generated ones."""

import email
import email.message
import email.policy
import itertools
import re
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backstamp.mail.defects import Defect
from backstamp.mail.encodings.transfer import decode_payload, is_identity
from backstamp.mail.structure import Part, StructureLimits, parse_structure
from backstamp.rewriting import Direction, Manifest, Options, SkipReason, plan, unwrap
from backstamp.rewriting.applying.plan import Rewritten
from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.source.one_line import OneLine
from tests.rewriting.careless_reader import Habits, read_carelessly
from tests.rewriting.mime_trees import MARKER, damaged_messages, tidy_messages
from tests.rewriting.sealers import BASE, FixedSealer

LIMITS = StructureLimits()
NOBODY = dict[str, str]().get
DIRECTIONS = st.sampled_from(list(Direction))
ALL = st.one_of(tidy_messages(), damaged_messages())
EXAMPLES = 100
HABITS = [Habits(*habits) for habits in itertools.product((False, True), repeat=3)]
ADDRESS = re.compile(rf"(?<![0-9A-Za-z]){re.escape(MARKER)}")
LINE_END = re.compile(rb"\r\n|\r|\n")


def options(direction: Direction) -> Options:
    return Options(direction=direction, opens=direction is Direction.OUTBOUND, own_prefixes=(f"{BASE}/",))


def leaves(part: Part) -> Iterator[Part]:
    if not part.children:
        yield part
    for child in part.children:
        yield from leaves(child)


def touched(rewritten: Rewritten, raw: bytes) -> Iterator[tuple[Part, Part]]:
    """Pairs of a part that was changed, before and after, but for those that were encoded anew."""
    paths = {each.path for each in rewritten.manifest.parts if each.touched and not each.reencoded}
    before = leaves(parse_structure(raw, LIMITS))
    after = leaves(parse_structure(rewritten.raw, LIMITS))
    yield from ((old, new) for old, new in zip(before, after, strict=True) if old.path in paths)


@given(ALL, DIRECTIONS, st.sampled_from([3, 40, 1100]))
@settings(max_examples=EXAMPLES, deadline=None)
def test_no_tree_makes_planning_fail_and_each_comes_back_exactly(
    raw: bytes, direction: Direction, padding: int
) -> None:
    rewritten = plan(raw, options(direction)).apply(FixedSealer(padding))
    assert rewritten.manifest.skip_reason is not SkipReason.FAILED
    stored = Manifest.from_json(rewritten.manifest.to_json())
    assert unwrap(rewritten.raw, NOBODY, stored) == raw


@given(ALL, DIRECTIONS)
@settings(max_examples=EXAMPLES, deadline=None)
def test_without_patches_every_tree_is_the_same(raw: bytes, direction: Direction) -> None:
    off = Options(direction=direction, opens=False, links=False)
    assert plan(raw, off).apply(FixedSealer()).raw == raw


@given(ALL, DIRECTIONS, st.sampled_from([3, 1100]))
@settings(max_examples=EXAMPLES, deadline=None)
def test_only_the_patches_change_the_octets(raw: bytes, direction: Direction, padding: int) -> None:
    rewritten = plan(raw, options(direction)).apply(FixedSealer(padding))
    position = shift = 0
    for edit in rewritten.manifest.edits:
        original = zlib.decompress(edit.original, -15) if edit.deflated else edit.original
        assert raw.startswith(original, edit.start)
        assert rewritten.raw[position + shift : edit.start + shift] == raw[position : edit.start]
        position = edit.start + len(original)
        shift += edit.length - len(original)
    assert rewritten.raw[position + shift :] == raw[position:]


@given(ALL, DIRECTIONS, st.sampled_from([3, 1100]))
@settings(max_examples=EXAMPLES, deadline=None)
# The pixel comes to stand on the line that broke the header off.
@example(b"Subject: x\nContent-Type: text/html\nF\n", Direction.OUTBOUND, 3)
def test_a_patched_part_keeps_its_place_its_encoding_and_its_kinds_of_line_end(
    raw: bytes, direction: Direction, padding: int
) -> None:
    rewritten = plan(raw, options(direction)).apply(FixedSealer(padding))
    for old, new in touched(rewritten, raw):
        assert (old.path, old.media_type, old.cte) == (new.path, new.media_type, new.cte)
        # On a line that some programs pass over markup is a doubt that words are not.
        assert old.defects <= new.defects <= old.defects | {Defect.HEADER_BROKEN_OFF}
        body_before, body_after = raw[old.body_start : old.end], rewritten.raw[new.body_start : new.end]
        if body_before.isascii():
            assert body_after.isascii()
        ends_before, ends_after = set(LINE_END.findall(body_before)), set(LINE_END.findall(body_after))
        assert ends_after <= (ends_before or ends_after)
        if is_identity(old.cte):
            assert LINE_END.findall(body_before) == LINE_END.findall(body_after)


@given(ALL, DIRECTIONS, st.sampled_from([3, 400, 1100]))
@settings(max_examples=EXAMPLES, deadline=None)
def test_no_line_grows_beyond_998_octets(raw: bytes, direction: Direction, padding: int) -> None:
    rewritten = plan(raw, options(direction)).apply(FixedSealer(padding))
    longest_before = max(map(len, LINE_END.split(raw)))
    longest = max(map(len, LINE_END.split(rewritten.raw)))
    assert longest <= max(998, longest_before)


@given(tidy_messages(), st.sampled_from([3, 40]))
@settings(max_examples=EXAMPLES, deadline=None)
def test_base64_keeps_its_line_length(raw: bytes, padding: int) -> None:
    rewritten = plan(raw, options(Direction.INBOUND)).apply(FixedSealer(padding))
    for old, new in touched(rewritten, raw):
        if old.cte != "base64":
            continue
        before = LINE_END.split(raw[old.body_start : old.end].strip())
        after = LINE_END.split(rewritten.raw[new.body_start : new.end].strip())
        width = len(before[0]) if len(before) > 1 else 76
        assert {len(line) for line in after[:-1]} <= {width}
        assert len(after[-1]) <= width


@given(tidy_messages())
@settings(max_examples=EXAMPLES, deadline=None)
def test_python_reads_the_same_tree(raw: bytes) -> None:
    ours = parse_structure(raw, LIMITS)
    theirs = email.message_from_bytes(raw, policy=email.policy.compat32)
    _check_alike(raw, ours, theirs)


def _check_alike(raw: bytes, ours: Part, theirs: "email.message.Message[str, str]") -> None:
    assert ours.media_type == theirs.get_content_type()
    assert not ours.defects
    payload = theirs.get_payload()
    if isinstance(payload, list):
        if ours.media_type == "message/delivery-status":
            return  # Python reads the fields in it as messages, as it reads no other kind
        assert len(ours.children) == len(payload)
        for mine, other in zip(ours.children, payload, strict=True):
            assert isinstance(other, email.message.Message)
            _check_alike(raw, mine, other)
    else:
        assert not ours.children
        data = decode_payload(raw, ours.body_start, ours.end, ours.cte).data
        decoded = theirs.get_payload(decode=True)
        assert isinstance(decoded, bytes)
        if is_identity(ours.cte):
            assert data == decoded
        assert LINE_END.sub(b"\n", data.rstrip()) == LINE_END.sub(b"\n", decoded.rstrip())


@given(ALL)
@settings(max_examples=EXAMPLES, deadline=None)
def test_nothing_is_left_to_wrap_in_what_was_rewritten(raw: bytes) -> None:
    rewritten = plan(raw, options(Direction.INBOUND)).apply(FixedSealer())
    again = plan(rewritten.raw, options(Direction.INBOUND))
    assert again.links == ()


@given(tidy_messages())
@settings(max_examples=EXAMPLES, deadline=None)
def test_received_mail_by_the_book_is_wholly_protected(raw: bytes) -> None:
    rewritten = plan(raw, options(Direction.INBOUND)).apply(FixedSealer())
    assert rewritten.manifest.unprotected == ()
    assert not ADDRESS.search(_shown_by_python(rewritten.raw))


@given(damaged_messages())
@settings(max_examples=2 * EXAMPLES, deadline=None)
def test_what_other_programs_show_of_damaged_mail_is_wrapped_or_named(raw: bytes) -> None:
    _check_against_others(raw)


@pytest.mark.soak
@given(damaged_messages())
@settings(max_examples=5_000, deadline=None)
def test_what_other_programs_show_of_much_damaged_mail_is_wrapped_or_named(raw: bytes) -> None:
    _check_against_others(raw)


def _check_against_others(raw: bytes) -> None:
    rewritten = plan(raw, options(Direction.INBOUND)).apply(FixedSealer())
    if not rewritten.manifest.unprotected:
        assert not ADDRESS.search(_shown_by_python(rewritten.raw))
        for habits in HABITS:
            for shown in read_carelessly(rewritten.raw, habits):
                assert not ADDRESS.search(_addresses(shown.text, html=shown.html)), habits


def _shown_by_python(raw: bytes) -> str:
    """All links that a reader could follow who reads the message with Python's `email`."""
    shown: list[str] = []
    for part in email.message_from_bytes(raw, policy=email.policy.compat32).walk():
        if part.is_multipart() or part.get_content_maintype() not in ("text", "message"):
            continue
        data = part.get_payload(decode=True)
        if isinstance(data, bytes):
            text = data.decode("utf-8", "replace")
            shown.append(_addresses(text, html=part.get_content_type() == "text/html"))
    return "\n".join(shown)


def _addresses(text: str, *, html: bool) -> str:
    """Return what of a text a reader may click on: addresses that stand in the text of HTML are not links."""
    if not html:
        return text
    links = [link.value.strip() for link in HtmlText(OneLine(text)).links]
    return "\n".join(link for link in links if link.startswith(MARKER))
