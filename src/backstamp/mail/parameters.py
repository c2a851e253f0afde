"""parameters: the values of Content-Type and Content-Disposition (RFC 2045 §5.1, RFC 2183, RFC 2231).

Mail programs read a field that is not written by the book differently from each other. What is read here
is what the standards say; what a program might read otherwise is named, so that nobody builds on it.
"""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from backstamp.mail.charsets.charset_labels import UTF8, CharsetKind, charset_for
from backstamp.mail.header_text import decoded

_SHORT: Final = 50
_MAX_PARAMETERS: Final = 64
_PLAIN: Final = re.compile(
    r'[ \t]*;[ \t]*(?:([^\s;="()\\*\x00-\x1f\x7f]+)[ \t]*=[ \t]*'
    r'(?:"([^"\\\x00-\x1f\x7f]*)"|([^\s;"()\\\x00-\x1f\x7f]+))[ \t]*)?(?=;|\Z)'
)
"""A parameter as all programs read it: no comment, no escape, nothing between its value and what follows."""
_PARAMETER: Final = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)("?)|([^;\s]*))([^;]*)')
_VALUE_BEHIND: Final = re.compile(r"(?=\s*;)[\s;]++(?=[\w.+-]++/[\w.+-])")
_ESCAPED: Final = re.compile(r"\\(.)")
_CONTINUATION: Final = re.compile(r"([^*]+)\*(\d{1,3})(\*?)")
_NAMED: Final = re.compile(r"(?<![\w-])(boundary|charset)[^A-Za-z_;=\"-]*=", re.IGNORECASE)
_ENCODED_WORD: Final = re.compile(r"=\?[^?\s]+\?[bq]\?[^?\s]*\?=", re.IGNORECASE)
_WORD: Final = re.compile(r"[\w.:+-]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_ALIKE: Final = frozenset({CharsetKind.SINGLE, CharsetKind.UTF8})
_DECIDING: Final = frozenset({"boundary", "charset"})


class ParameterisedValue(msgspec.Struct, frozen=True):
    """A value such as `text/html` and its parameters; value and parameter names are in lower case.

    `repeated` names those of `boundary` and `charset` that are given twice with different values, `doubtful`
    those that are given once and that mail programs may read differently: in pieces (RFC 2231), beside a
    comment, quoted wrongly, as an encoded word, or hidden in something else. `value_in_doubt`: a comment is
    part of it to some.
    """

    value: str
    parameters: dict[str, str]
    repeated: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()
    value_in_doubt: bool = False


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
    # Most are one of a few, such as `text/html; charset=utf-8`; long ones with a boundary come once.
    return _parse_short(body) if len(body) <= _SHORT else _parse(body)


def _parse(body: str) -> ParameterisedValue:
    value = body.partition(";")[0]
    parameters = _plain_parameters(body, len(value)) if "(" not in value else None
    if (
        parameters is None
        or len(_NAMED.findall(body)) != len(_DECIDING & parameters.keys())
        or ("=?" in body and any(_ENCODED_WORD.search(parameters.get(name, "")) for name in _DECIDING))
    ):
        return _parse_oddly(body)
    return ParameterisedValue(value.strip(" \t").lower(), parameters)


_parse_short = lru_cache(maxsize=1024)(_parse)


def _plain_parameters(body: str, position: int) -> dict[str, str] | None:
    """Return the parameters from `position` on, or None where one of them is not written by the book."""
    parameters: dict[str, str] = {}
    for _ in range(_MAX_PARAMETERS):
        if position == len(body):
            return parameters
        match = _PLAIN.match(body, position)
        if match is None:
            return None
        name, quoted, unquoted = match.groups()
        given = quoted if unquoted is None else unquoted
        if name is not None and parameters.setdefault(name.lower(), given) != given:
            return None
        position = match.end()
    return None


def _parse_oddly(body: str) -> ParameterisedValue:
    """Read what is not written by the book, with doubt wherever programs may part."""
    behind = _VALUE_BEHIND.match(body)
    if behind is not None:
        # Ruby's mail passes over a semicolon before the value.
        return msgspec.structs.replace(_parse(body[behind.end() :]), value_in_doubt=True)
    text = without_comments(body)
    read = _Reading(text)
    doubtful = set(read.doubtful)
    if len(_NAMED.findall(body)) > read.named:
        # One is in a comment, in a quoted string or behind a missing semicolon: a simpler program finds it.
        doubtful |= _DECIDING
    if text != body:
        literal = _Reading(body)
        doubtful |= {name for name in _DECIDING if literal.parameters.get(name) != read.parameters.get(name)}
    if not _may_be_unsafe(body):
        doubtful.discard("charset")
    value = text.partition(";")[0].strip(" \t").lower()
    return ParameterisedValue(
        value=value,
        parameters=read.parameters,
        repeated=frozenset(read.repeated & _DECIDING),
        doubtful=frozenset(doubtful & _DECIDING),
        value_in_doubt=text != body and body.lower().split(";", 1)[0].split(maxsplit=1)[:1] != [value],
    )


def _may_be_unsafe(body: str) -> bool:
    """Whether any word of a field names a charset in which ASCII octets may be part of something else.

    All others agree on what we look for in a text, so it does not matter which is read.
    """
    words = _WORD.findall(decoded(body, len(body)) if "=?" in body else body)
    return len(words) > _MAX_PARAMETERS or any(charset_for(word).kind not in _ALIKE for word in words)


class _Reading:
    """The parameters of one text; `named` counts how often a deciding one was met."""

    def __init__(self, text: str) -> None:
        self.parameters: dict[str, str] = {}
        self.repeated: set[str] = set()
        self.doubtful: set[str] = set()
        self.named = 0
        self._pieces: dict[str, dict[int, tuple[str, bool]]] = {}
        for count, match in enumerate(_PARAMETER.finditer(text)):
            if count >= _MAX_PARAMETERS:
                self.doubtful |= _DECIDING
                break
            self._take(match)
        for name, numbered in self._pieces.items():
            # Old programs do not know RFC 2231, and see no such parameter at all.
            self.doubtful.add(name)
            self._keep(name, _join_pieces(numbered))

    def _take(self, match: re.Match[str]) -> None:
        name = match[1].lower()
        quoted, closing, unquoted, rest = match.group(2, 3, 4, 5)
        given = _ESCAPED.sub(r"\1", quoted) if quoted is not None else unquoted
        base = name.partition("*")[0]
        if base in _DECIDING:
            self.named += 1
            ended = quoted is None or closing or not re.search(r"[;\s]", quoted)
            is_cut = rest.strip() or not ended or given != (quoted or unquoted)
            if is_cut or _CONTROL.search(given) or _ENCODED_WORD.search(given):
                self.doubtful.add(base)
        if base != name:
            piece = _CONTINUATION.fullmatch(name)
            if piece is not None:
                self._pieces.setdefault(base, {})[int(piece[2])] = (given, bool(piece[3]))
                return
            if name == f"{base}*":
                self._pieces.setdefault(base, {})[0] = (given, True)
                return
        self._keep(name, given)

    def _keep(self, name: str, given: str) -> None:
        if self.parameters.setdefault(name, given) != given:
            self.repeated.add(name)


def _join_pieces(numbered: dict[int, tuple[str, bool]]) -> str:
    """RFC 2231 §3 and §4: pieces in order of their number, percent-decoded where marked with `*`."""
    charset = UTF8
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
            charset = charset_for(declared) if declared else UTF8
        raw += unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
    # A charset that nobody uses has no codec here: some of Python's take a time that grows with the square.
    return raw.decode(charset.codec or "utf-8", "replace")
