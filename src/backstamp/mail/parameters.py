"""parameters: the values of Content-Type and Content-Disposition (RFC 2045 §5.1, RFC 2183, RFC 2231)."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

_PARAMETER: Final = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;\s]*))')
_ESCAPED: Final = re.compile(r"\\(.)")
_CONTINUATION: Final = re.compile(r"([^*]+)\*(\d{1,3})(\*?)")
_MAX_PARAMETERS: Final = 64


class ParameterisedValue(msgspec.Struct, frozen=True):
    """A value such as `text/html` and its parameters; value and parameter names are in lower case.

    `repeated` names a parameter that was given twice with different values.
    """

    value: str
    parameters: dict[str, str]
    repeated: frozenset[str] = frozenset()


def without_comments(text: str) -> str:
    """Return a structured field body without its `(comments)`; what stands in quotes stays."""
    if "(" not in text:
        return text
    kept: list[str] = []
    depth = 0
    quoted = escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"' and not depth:
            quoted = not quoted
        elif not quoted and character == "(":
            depth += 1
            continue
        elif not quoted and character == ")" and depth:
            depth -= 1
            continue
        if not depth:
            kept.append(character)
    return "".join(kept)


def parse_parameterised(body: str) -> ParameterisedValue:
    """Return value and parameters of an unfolded field body. Never raises; nonsense gives an empty value."""
    text = without_comments(body)
    value, semicolon, _ = text.partition(";")
    if not semicolon:
        return ParameterisedValue(value.strip().lower(), {})
    parameters: dict[str, str] = {}
    repeated: set[str] = set()
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(text)):
        if count >= _MAX_PARAMETERS:
            break
        name = match[1].lower()
        given = _ESCAPED.sub(r"\1", match[2]) if match[2] is not None else match[3]
        if "*" in name:
            piece = _CONTINUATION.fullmatch(name)
            if piece is not None:
                pieces.setdefault(piece[1], {})[int(piece[2])] = (given, bool(piece[3]))
                continue
            if name.endswith("*"):
                pieces.setdefault(name[:-1], {})[0] = (given, True)
                continue
        if parameters.setdefault(name, given) != given:
            repeated.add(name)
    for name, numbered in pieces.items():
        joined = _join_pieces(numbered)
        if parameters.setdefault(name, joined) != joined:
            repeated.add(name)
    return ParameterisedValue(value.strip().lower(), parameters, frozenset(repeated))


def _join_pieces(numbered: dict[int, tuple[str, bool]]) -> str:
    """RFC 2231 §3 and §4: pieces in order of their number, percent-decoded where marked with `*`."""
    charset = "utf-8"
    raw = bytearray()
    for position, number in enumerate(sorted(numbered)):
        if position != number:
            break
        text, extended = numbered[number]
        if not extended:
            raw += text.encode("utf-8", "surrogateescape")
            continue
        if number == 0 and text.count("'") >= 2:
            declared, _, text = text.split("'", 2)
            charset = declared or charset
        raw += unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
    try:
        return raw.decode(charset, "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")
