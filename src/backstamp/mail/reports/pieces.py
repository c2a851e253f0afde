"""A mail taken apart as a report: header, text for people, fields for machines, the returned mail."""

import html
import re
from binascii import Error as BinasciiError
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterator
from typing import Final

import msgspec

from backstamp.mail.charsets.charset_labels import UTF8, WIDE, charset_for, codec_of_unsafe
from backstamp.mail.header_section import HeaderSection, read_header_section
from backstamp.mail.multipart import TooManyPartsError
from backstamp.mail.structure import Part, StructureLimits, parse_structure

MOST_TEXT: Final = 64 * 1024
"""Characters of text that are looked at: what a server says of a failure comes first."""
_MOST_FIELDS: Final = 256 * 1024
_LIMITS: Final = StructureLimits(depth=12, parts=200, header_bytes=128 * 1024, fields=5_000)
_MOST_RAW: Final = 4 * 1024 * 1024
"""Octets of a mail that are looked at: a returned attachment may be large, and stands last."""

_LINE_ENDS: Final = re.compile(rb"\r\n?")
_MBOX: Final = re.compile(rb"(?:>?From [^\n]*\n)+")
_STATUS: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RECEIPT: Final = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
_FEEDBACK: Final = "message/feedback-report"
_RETURNED: Final = frozenset(
    {
        *("message/rfc822", "message/global", "message/news", "message/partial", "text/rfc822-headers"),
        *("message/rfc822-headers", "text/rfc822", "message/global-headers", "text/rfc822-header"),
    }
)
_BEGINNING: Final = frozenset({"final-recipient", "original-recipient"})
"""Fields that are there once for each recipient (RFC 3464 §2.3)."""
_BOUNDARY_UNFOLDED: Final = re.compile(
    rb"^(Content-Type:[^\n]*;[ \t]*(?:\n[ \t][^\n]*;[ \t]*)*)\n(?=boundary=)", re.IGNORECASE | re.MULTILINE
)
"""A mail that went through a program which took the blanks off its lines."""
_ENCODED_GROUPS: Final = re.compile(
    r"^content-transfer-encoding:[ \t]*base64[ \t]*\n(?:[a-z][a-z-]*:[^\n]*\n){0,9}\n+"
    r"([A-Za-z0-9+/=\n]+)(?=\n\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
"""Proofpoint Essentials takes a report's first group for the header of a part, and encodes the others."""
_LONGEST_LINE: Final = 2_000
_BLANKS: Final = re.compile(r"(?<=\S)[ \t]{3,}|(?<=[ \t]{20})[ \t]+")
_FOLD: Final = re.compile(r"(?<!\s)\s*\n\s*")
"""Begun where blanks begin alone: sought at each of them, 64 KB of blanks took 5.5 s."""
_BREAK: Final = re.compile(
    r"<(?:br|/p|/div|/tr|/li|/h\d|hr|p|div|tr|li|/td|/th)\b[^>]{0,500}>", re.IGNORECASE
)
_UNSEEN: Final = re.compile(r"<(style|script|head|title)\b|<!--", re.IGNORECASE)
_TAG: Final = re.compile(r"<[/!a-zA-Z][^<>]{0,2000}>")
_FIELD: Final = re.compile(r"[ \t>*]{0,4}([A-Za-z][A-Za-z0-9-]{1,60})[ \t]*:[ \t]*(.*)")

Fields = dict[str, str]
"""A group of fields: names in lower case, the first value of each on one line."""


class Pieces(msgspec.Struct):
    """See the module. `notices` are texts for people; `returned` is the header of the returned mail."""

    header: HeaderSection
    media_type: str = "text/plain"
    report_type: str = ""
    notices: list[str] = []
    status: list[Fields] = []
    receipt: list[Fields] = []
    feedback: list[Fields] = []
    returned: Fields | None = None
    inner: bytes = b""

    @property
    def text(self) -> str:
        """All that is said to people."""
        return "\n".join(self.notices)[:MOST_TEXT]


def take_apart(raw: bytes) -> Pieces:
    """Return the pieces of a mail; whatever its bytes are."""
    lines = _LINE_ENDS.sub(b"\n", raw[:_MOST_RAW]).lstrip(b"\n \t")
    if match := _MBOX.match(lines):
        lines = lines[match.end() :]
    lines = _with_its_boundary(lines)
    try:
        root = parse_structure(lines, _LIMITS)
    except TooManyPartsError:
        header = read_header_section(lines, 0, len(lines), 2_000)
        return Pieces(header, notices=[_decode(lines[header.body_start :], "", "")[:MOST_TEXT]])
    pieces = Pieces(root.header, media_type=root.media_type)
    pieces.report_type = root.parameters.get("report-type", "").lower()
    _collect(root, pieces)
    return pieces


def _with_its_boundary(lines: bytes) -> bytes:
    """Return a mail whose boundary belongs to its Content-Type again, where only the fold is lost."""
    header, empty, body = lines.partition(b"\n\n")
    return _BOUNDARY_UNFOLDED.sub(rb"\1\n ", header, count=1) + empty + body


def groups_in(text: str) -> list[Fields]:
    """Return the groups of fields in a text, apart by blank lines (RFC 3464 §2.1)."""
    groups: list[Fields] = [{}]
    last = ""
    for line in text[:_MOST_FIELDS].splitlines():
        if not line.strip():
            if groups[-1]:
                groups.append({})
            last = ""
        elif line[0] in " \t" and last:
            groups[-1][last] += " " + line.strip()
        elif match := _FIELD.fullmatch(line):
            name = match[1].lower()
            if name in _BEGINNING and name in groups[-1]:
                groups.append({})  # Some leave the blank line out.
            # A second one of a name is passed over, with the lines that belong to it.
            last = "" if name in groups[-1] else name
            groups[-1].setdefault(name, match[2].strip())
    return [group for group in groups if group]


def fields_of(header: HeaderSection) -> Fields:
    """Return the fields of a header section, the first of each name."""
    fields: Fields = {}
    for field in header.fields[:500]:
        fields.setdefault(field.name.decode("ascii", "replace"), field.value[:10_000])
    return fields


def _collect(part: Part, pieces: Pieces) -> None:
    for leaf in _leaves(part):
        kind = leaf.media_type
        if kind in _RETURNED:
            if pieces.returned is None:
                _take_returned(leaf, pieces)
        elif kind in _STATUS or (kind == "text/plain" and "delivery-status" in leaf.filename.lower()):
            pieces.status += groups_in(_with_encoded_groups(_body_text(leaf)))
        elif kind in _RECEIPT:
            pieces.receipt += groups_in(_body_text(leaf))
        elif kind == _FEEDBACK:
            pieces.feedback += groups_in(_body_text(leaf))
        elif kind.startswith("text/") or (kind.startswith("multipart/") and not leaf.children):
            pieces.notices.append(_notice(leaf))


def _leaves(part: Part) -> Iterator[Part]:
    if part.media_type in _RETURNED or not part.children:
        yield part
        return
    if part.media_type == "multipart/alternative":
        # The same twice: the plain one is easier to read, if it says anything.
        plain = [c for c in part.children if c.media_type == "text/plain" and _notice(c).strip()]
        if plain:
            yield from plain[:1]
            return
    for child in part.children:
        yield from _leaves(child)


def _take_returned(part: Part, pieces: Pieces) -> None:
    body = part.message[part.body_start : part.end]
    if part.cte in ("base64", "quoted-printable"):
        body = _octets(body, part.cte)
    pieces.inner = body
    pieces.returned = returned_header(body)


def returned_header(body: bytes) -> Fields:
    """Return the fields with which a returned message begins; blank lines before it are passed over."""
    body = body.lstrip(b"\n ")
    if match := _MBOX.match(body):
        body = body[match.end() :]
    return fields_of(read_header_section(body, 0, min(len(body), 128 * 1024), 1_000))


def _notice(part: Part) -> str:
    text = _body_text(part)
    return _bounded(
        as_text(text)
        if part.media_type == "text/html" or text[:400].lstrip().lower().startswith(("<html", "<!doctype"))
        else text
    )


def _bounded(text: str) -> str:
    """Return a text whose lines are short enough to be searched: a search takes their length squared."""
    return "\n".join(_BLANKS.sub(" ", line[:_LONGEST_LINE]).rstrip() for line in text.splitlines())


def as_text(markup: str) -> str:
    """Return the words of an HTML document, in lines as they would be seen."""
    text = _FOLD.sub(" ", _seen(markup[: 4 * MOST_TEXT]))
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).replace("\xa0", " ")


def _seen(markup: str) -> str:
    """Return markup without comments, and without what has an end that no reader sees."""
    lowered = markup.lower()
    kept: list[str] = []
    at = 0
    endless: set[str] = set()
    for match in _UNSEEN.finditer(markup):
        end = "-->" if match[1] is None else f"</{match[1].lower()}"
        if match.start() < at or end in endless:
            continue
        close = lowered.find(end, match.end())
        if close < 0:
            endless.add(end)
            continue
        kept.append(markup[at : match.start()])
        at = close + len(end)
    return "".join([*kept, markup[at:]])


def _body_text(part: Part) -> str:
    body = part.message[part.body_start : min(part.end, part.body_start + 8 * MOST_TEXT)]
    return _decode(body, part.cte, part.charset_label)[:MOST_TEXT]


def _decode(body: bytes, cte: str, charset: str) -> str:
    octets = _octets(body, cte)
    # Labels and decoders of the WHATWG list and of Python's texts; never one that only Python's source uses.
    known = charset_for(charset) if charset else UTF8
    codec = codec_of_unsafe(charset) or "utf-16" if known == WIDE else known.codec
    for name in (codec, "utf-8"):
        try:
            return octets.decode(name).removeprefix("\ufeff")
        except (LookupError, UnicodeError):
            continue
    return octets.decode("windows-1252", "replace")


def _with_encoded_groups(text: str) -> str:
    """Return the fields of a report, with those groups that are encoded in it as they were."""
    return _ENCODED_GROUPS.sub(
        lambda match: "\n" + _decode(match[1].encode("ascii"), "base64", "us-ascii").replace("\r\n", "\n"),
        text,
    )


def _octets(body: bytes, cte: str) -> bytes:
    if cte == "quoted-printable":
        return a2b_qp(body)
    if cte == "base64":
        try:
            return a2b_base64(body)
        except BinasciiError:
            return body
    return body
