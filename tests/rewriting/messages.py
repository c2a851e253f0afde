"""Small messages for tests."""

import base64
import quopri


def message(
    body: str | bytes,
    content_type: str = "text/html; charset=utf-8",
    cte: str = "8bit",
    newline: bytes = b"\r\n",
    header: str = "",
) -> bytes:
    """Return a message of one part; `body` is encoded by `cte`, its line ends become `newline`."""
    raw = body.encode() if isinstance(body, str) else body
    raw = raw.replace(b"\r\n", b"\n")
    if cte == "quoted-printable":
        raw = quopri.encodestring(raw)
    elif cte == "base64":
        raw = base64.encodebytes(raw)
    head = f"From: a@example.com\n{header}Content-Type: {content_type}\nContent-Transfer-Encoding: {cte}\n\n"
    return (head.encode() + raw).replace(b"\n", newline)


def multipart(subtype: str, *parts: bytes, boundary: str = "=_b", header: bytes = b"") -> bytes:
    """Return a multipart message of whole parts (header, empty line, body), in CRLF."""
    mark = boundary.encode()
    head = header + b'MIME-Version: 1.0\r\nContent-Type: multipart/%b; boundary="%b"\r\n\r\n' % (
        subtype.encode(),
        mark,
    )
    return head + b"".join(b"--%b\r\n%b\r\n" % (mark, part) for part in parts) + b"--%b--\r\n" % mark


def part(content_type: str, body: str, *fields: str) -> bytes:
    """Return a body part in CRLF."""
    lines = [f"Content-Type: {content_type}", *fields, "", body]
    return "\r\n".join(lines).encode()
