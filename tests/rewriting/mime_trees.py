"""Generated MIME trees: containers in containers, every encoding, charset and line end, whole and damaged."""

import base64
import quopri
import zlib
from collections.abc import Callable
from typing import NamedTuple

from hypothesis import strategies as st

MARKER = "https://marker.example/"
"""Each link of a generated tree begins so."""

BOUNDARY = st.text("ab-=_.", min_size=1, max_size=6).map(lambda text: text.strip("-") or "b")
QUOTED_BOUNDARY = st.text("ab '()+_,-./:=?", min_size=1, max_size=12).map(lambda text: text.strip() + "z")
CONTAINERS = st.sampled_from(
    ["mixed", "alternative", "related", "parallel", "digest", "report", "x-unheard-of", "appledouble"]
)
TEXT = st.lists(
    st.sampled_from(
        [
            "word ",
            "é",
            "=",
            "=3D",
            " \n",
            "\n",
            "\n\n",
            "\t",
            ".",
            "From here\n",
            "line " * 18,
            f" {MARKER}a ",
            f"\n{MARKER}b?c=d=41 ",
            f"({MARKER}e)",
        ]
    ),
    max_size=8,
).map("".join)
HTML = st.lists(
    st.one_of(TEXT.map(lambda text: text.replace(MARKER, "no link ")), st.just(f'<a href="{MARKER}h">x</a>'))
).map("".join)


class Leaf(NamedTuple):
    """A kind of leaf: its media type, and whether mail programs show it as HTML."""

    media_type: str
    html: bool


KINDS: list[Leaf | str] = [
    Leaf("text/html", True),
    Leaf("text/plain", False),
    Leaf("text/markdown", False),
    Leaf("message/delivery-status", False),
    "image/png",
    "application/x-thing",
]


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "7bit": lambda data: data.decode("utf-8", "replace").encode("ascii", "replace"),
    "8bit": bytes,
    "binary": bytes,
    "quoted-printable": quopri.encodestring,
    "base64": base64.encodebytes,
}


@st.composite
def leaves(draw: st.DrawFn) -> bytes:
    """A leaf: header, empty line and encoded body, in LF."""
    kind = draw(st.sampled_from(KINDS))
    if isinstance(kind, str):
        return f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\nAAAA\n".encode()
    charset = draw(st.sampled_from(["utf-8", "iso-8859-1", ""]))
    cte = draw(st.sampled_from(list(ENCODERS)))
    text = draw(HTML if kind.html else TEXT)
    data = text.encode(charset or "utf-8")
    fields = [f"Content-Type: {kind.media_type}" + (f";\n\tcharset={charset}" if charset else "")]
    if cte != "7bit" or draw(st.booleans()):
        fields.append(f"Content-Transfer-Encoding: {cte}")
    if kind.media_type == "text/plain" and cte == "7bit" and draw(st.booleans()):
        fields = []
    header = "".join(f"{field}\n" for field in draw(st.permutations(fields))).encode()
    body = ENCODERS[cte](data)
    if cte == "base64" and draw(st.booleans()):
        joined = body.replace(b"\n", b"")
        width = draw(st.integers(4, 100))
        body = b"\n".join(joined[at : at + width] for at in range(0, len(joined), width))
    return header + b"\n" + body


@st.composite
def containers(draw: st.DrawFn, inner: st.SearchStrategy[bytes]) -> bytes:
    """A multipart of such parts, or a message that holds one."""
    if draw(st.integers(0, 5)) == 0:
        return b"Content-Type: message/rfc822\n\nSubject: inner\n" + draw(inner)
    kind = draw(CONTAINERS)
    parts = draw(st.lists(inner, min_size=1, max_size=3))
    if kind == "digest":
        # What has no header there is a message (RFC 2046 §5.1.5), which begins with a field: of one that does
        # not, Python drops a first line of blanks, and takes words before a colon for a field.
        parts = [b"\nSubject: inner\n" + part if part.startswith(b"\n") else part for part in parts]
    # None is like that of a part inside; that some begin alike is meant.
    boundary = draw(st.one_of(BOUNDARY, QUOTED_BOUNDARY)) + f"{zlib.crc32(b''.join(parts))}"
    preamble = draw(st.sampled_from([b"", b"This is a preamble.\n", b"\n"]))
    epilogue = draw(st.sampled_from([b"", b"\n", b"\nThe epilogue", b"\n \t\n"]))
    padding = draw(st.sampled_from([b"", b" ", b"\t "]))
    head = f'Content-Type: multipart/{kind};\n boundary="{boundary}"\n\n'.encode()
    mark = b"--" + boundary.encode()
    divided = b"".join(mark + padding + b"\n" + part + b"\n" for part in parts)
    return head + preamble + divided + mark + b"--" + padding + epilogue


HEADER = b"From: a@example.com\nSubject: =?utf-8?q?x?=\n folded\nMIME-Version: 1.0\n"


@st.composite
def tidy_messages(draw: st.DrawFn) -> bytes:
    """A whole message with one kind of line end, which every mail program reads alike."""
    body = draw(st.recursive(leaves(), lambda inner: containers(inner), max_leaves=6))
    newline = draw(st.sampled_from([b"\n", b"\r\n"]))
    return (HEADER + body).replace(b"\n", newline)


DAMAGE = st.sampled_from(
    [
        b"",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b" ",
        b"--",
        b";",
        b'"',
        b"(",
        b"=",
        b":",
        b"\0",
        b"\xff",
        b"Content-Type: text/html\n",
        b"Content-Type: text/plain\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Transfer-Encoding: quoted-printable\n",
        b"Content-Disposition: attachment\n",
        b"no field\n",
        b"\n --",
        b"\n--a",
        f"\n{MARKER}x ".encode(),
    ]
)


@st.composite
def damaged_messages(draw: st.DrawFn) -> bytes:
    """A message with pieces cut out, put in, doubled and moved, and some line ends changed."""
    raw = draw(tidy_messages())
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 30)))
        if draw(st.booleans()):
            raw = raw[:start] + draw(DAMAGE) + raw[start:]
        elif draw(st.booleans()):
            raw = raw[:start] + raw[end:]
        else:
            at = draw(st.integers(0, len(raw)))
            raw = raw[:at] + raw[start:end] + raw[at:]
    return raw
