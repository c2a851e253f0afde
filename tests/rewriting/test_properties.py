"""What holds for every message, tried on generated ones."""

import email
import email.policy
import re
import zlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from backstamp.mail.encodings.transfer import decode_payload
from backstamp.mail.patches import apply_patches
from backstamp.mail.pixel_markup import pixel_markup
from backstamp.mail.structure import Part, StructureLimits, parse_structure
from backstamp.rewriting import Direction, Manifest, Options, SkipReason, plan, unwrap
from tests.rewriting.messages import message, multipart, part
from tests.rewriting.sealers import FixedSealer

NOBODY = dict[str, str]().get
BOTH_OFF = Options(opens=False, links=False)
URLS = st.sampled_from(
    [
        "https://example.com/",
        "http://example.org/a?b=c&amp;d=e",
        "https://example.com/=3D=",
        "HTTPS://ex.com/ü",
        " http://e.com/\n",
    ]
)
HTML_PIECES = st.one_of(
    URLS.map('<a href="{}">text</a>'.format),
    URLS.map("<a href='{}'>text".format),
    st.just("<a href=http://example.com/unquoted>x</a>"),
    URLS.map('<!--[if mso]><v:rect href="{}"></v:rect><![endif]-->'.format),
    URLS.map('<p title="<a href={}>">'.format),
    st.sampled_from(
        [
            "<table><tr><td>",
            "</table>",
            "<b>",
            "</b>",
            "<p>",
            "</body>",
            "</html>",
            "<!-- ",
            " -->",
            "<style>",
            "</style>",
            "é",
            "\n",
            "  \n",
            "=",
            "\t",
            "<svg>",
            "<template>",
            '<img src="',
            "&amp;",
            "<a name=x>",
            "\x00",
            "<br>",
            "long " * 30,
            "<![CDATA[",
            "<select>",
            "<script>'<a href=http://x.y>'",
            "</script>",
            "<noscript>",
        ]
    ),
)
HTML = st.lists(HTML_PIECES, max_size=14).map("".join)
CTES = st.sampled_from(["8bit", "quoted-printable", "base64", "binary"])
NEWLINES = st.sampled_from([b"\r\n", b"\n", b"\r"])
CHARSETS = st.sampled_from(["utf-8", "iso-8859-1", "windows-1251", "gb18030", "x-nobody-knows", "utf-16", ""])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Messages of one part or an alternative, in all encodings, charsets and line ends."""
    kind = draw(st.sampled_from(["text/html", "text/plain"]))
    charset = draw(CHARSETS)
    content_type = f"{kind}; charset={charset}" if charset else kind
    raw = message(draw(HTML), content_type, draw(CTES), draw(NEWLINES))
    if draw(st.booleans()):
        return raw
    return multipart(
        draw(st.sampled_from(["mixed", "alternative", "related", "signed"])),
        part("text/plain", draw(HTML)),
        raw.partition(b"\n")[2],
        draw(st.binary(max_size=60)),
    )


MESSAGES = st.one_of(messages(), st.binary(max_size=300))
DIRECTIONS = st.sampled_from(list(Direction))


@given(MESSAGES)
@settings(max_examples=150, deadline=None)
def test_without_patches_the_bytes_are_the_same(raw: bytes) -> None:
    assert plan(raw, BOTH_OFF).apply(FixedSealer()).raw == raw


@given(MESSAGES, DIRECTIONS)
@settings(max_examples=300, deadline=None)
def test_planning_never_fails_and_its_spans_lie_in_the_message(raw: bytes, direction: Direction) -> None:
    manifest = plan(raw, Options(direction=direction)).manifest
    assert manifest.skip_reason is not SkipReason.FAILED
    for candidate in manifest.candidates:
        assert 0 <= candidate.start <= candidate.end <= len(raw)
    assert Manifest.from_json(manifest.to_json()) == manifest


@given(MESSAGES, DIRECTIONS, st.sampled_from([3, 40, 900]))
@settings(max_examples=300, deadline=None)
def test_the_manifest_gives_the_exact_original_back(raw: bytes, direction: Direction, padding: int) -> None:
    rewritten = plan(raw, Options(direction=direction)).apply(FixedSealer(padding))
    stored = Manifest.from_json(rewritten.manifest.to_json())
    assert unwrap(rewritten.raw, NOBODY, stored) == raw
    on_the_way = b"Received: from a by b\r\n" + rewritten.raw
    assert unwrap(on_the_way, NOBODY, stored) == b"Received: from a by b\r\n" + raw


@given(MESSAGES, st.sampled_from([3, 40]))
@settings(max_examples=300, deadline=None)
def test_decoded_text_differs_only_by_the_planned_urls_and_the_pixel(raw: bytes, padding: int) -> None:
    planned = plan(raw, Options())
    sealer = FixedSealer(padding)
    rewritten = planned.apply(sealer)
    before = parse_structure(raw, StructureLimits())
    after = parse_structure(rewritten.raw, StructureLimits())
    urls = [sealer.link(link.number, link.url).encode() for link in planned.links]
    # In plain text a new URL may stand in angle brackets, with a blank behind them (`text_frames`).
    framed = [b"<?%s(?:> ?)?" % re.escape(url) for url in urls]
    marks = re.compile(b"|".join([*framed, re.escape(PIXEL_MARKUP)]))
    for old, new in zip(_leaves(before), _leaves(after), strict=True):
        assert (old.path, old.media_type) == (new.path, new.media_type)
        if old.path in {report.path for report in rewritten.manifest.parts if report.touched}:
            old_data = decode_payload(raw, old.body_start, old.end, old.cte).data
            kept = marks.split(decode_payload(rewritten.raw, new.body_start, new.end, new.cte).data)
            position = 0
            for piece in kept:
                found = old_data.find(piece, position)
                assert found >= 0
                position = found + len(piece)
        else:
            assert raw[old.body_start : old.end] == rewritten.raw[new.body_start : new.end]


PIXEL_MARKUP = pixel_markup(FixedSealer().pixel()).encode()


@given(MESSAGES)
@settings(max_examples=200, deadline=None)
def test_outside_the_edits_every_octet_is_the_same(raw: bytes) -> None:
    rewritten = plan(raw, Options()).apply(FixedSealer())
    position = shift = 0
    for edit in rewritten.manifest.edits:
        assert rewritten.raw[position + shift : edit.start + shift] == raw[position : edit.start]
        old_length = len(_original(raw, rewritten.manifest, edit.start))
        position = edit.start + old_length
        shift += edit.length - old_length
    assert rewritten.raw[position + shift :] == raw[position:]


def _original(raw: bytes, manifest: Manifest, start: int) -> bytes:
    (edit,) = (each for each in manifest.edits if each.start == start)
    original = zlib.decompress(edit.original, -15) if edit.deflated else edit.original
    assert raw.startswith(original, start)
    return original


FULL_LAST_LINE = '<!--[if mso]><v:rect href=" http://e.com/\n"></v:rect><![endif]--><p title="<a href=https://example.com/=3D=>">'
"""Between a patch at the beginning of its last line and the pixel at its end stand just 76 octets."""


@given(HTML, NEWLINES, st.sampled_from([3, 40, 400]))
@example(FULL_LAST_LINE, b"\r\n", 3)
@settings(max_examples=200, deadline=None)
def test_no_patched_line_is_longer_than_its_encoding_allows(html: str, newline: bytes, padding: int) -> None:
    for cte, limit in (("8bit", 998), ("quoted-printable", 76), ("base64", 76)):
        raw = message(html, cte=cte, newline=newline)
        rewritten = plan(raw, Options()).apply(FixedSealer(padding))
        longest = max(map(len, re.split(rb"\r\n|\r|\n", rewritten.raw)))
        assert longest <= max(limit, *map(len, re.split(rb"\r\n|\r|\n", raw)))


@given(messages(), st.data())
@settings(max_examples=150, deadline=None)
def test_one_plan_serves_many_recipients(raw: bytes, data: st.DataObject) -> None:
    planned = plan(raw, Options())
    first = planned.apply(FixedSealer(20)).raw
    planned.apply(FixedSealer(data.draw(st.integers(0, 1200))))
    assert planned.apply(FixedSealer(20)).raw == first


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_python_reads_the_same_parts_as_we_do(body: bytes) -> None:
    raw = multipart(
        "mixed", part("text/plain", "a"), b"\r\n" + body.replace(b"--=_b", b"").replace(b"\r", b"")
    )
    ours = parse_structure(raw, StructureLimits())
    theirs = email.message_from_bytes(raw, policy=email.policy.compat32)
    assert len(ours.children) == len(theirs.get_payload())
    assert apply_patches(raw, []) == raw


def _leaves(root: Part) -> list[Part]:
    if not root.children:
        return [root]
    return [leaf for child in root.children for leaf in _leaves(child)]
