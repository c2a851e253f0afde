"""shown: somebody else's words as they may be printed, for a terminal obeys what stands in them.

Addresses of mail hold any octets that are no line end: what an MTA or a form on the web took from a stranger.
"""

import json

import msgspec


def printable(text: str) -> str:
    """Return a text in which controls, line ends, and what is not seen are spelled out, as Python does."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_json(value: object, *, indent: int = 0) -> str:
    """Return a value as JSON, in which they are spelled out as JSON does; it says the same to programs.

    On one line, unless `indent` says by how many blanks what is inside stands farther in.
    """
    # RFC 8259 §7 wants that of the controls of ASCII alone; U+009B begins an escape sequence as well.
    text = msgspec.json.encode(value).decode()
    if not text.isprintable():
        text = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
    return msgspec.json.format(text, indent=indent) if indent else text
