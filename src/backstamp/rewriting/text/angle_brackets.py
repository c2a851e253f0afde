"""angle_brackets: an address between `<` and `>` in a plain text, over lines too (RFC 3986 appendix C)."""

import re
from typing import Final, NamedTuple

from backstamp.rewriting.text.text_addresses import AddressEnds, Start, begins_anew

_LONGEST: Final = 16_384
"""So far the closing bracket is looked for; no longer link is wrapped."""
_LONGEST_PREFIX: Final = 1000
"""So far the beginning of a line is looked for: lines have 998 octets at most (RFC 5322 §2.1.1)."""
_ORDINARY: Final = re.compile(r"[0-9A-Za-z.-]+(?:[/?#][^\s<>\"\x00-\x20\x7f]*)?>")
"""Nearly every address at once behind `<`, from its host to the closing bracket: so it takes a sixth."""
_OPENER: Final = re.compile(
    r"<[^\S\r\n]*(URL:)?[^\S\r\n]*(?:(?:\r\n|\r|\n)[^\S\r\n]*(?:[>|][^\S\r\n]*)*)?", re.IGNORECASE
)
_OPENER_WINDOW: Final = 80
_BEFORE: Final = frozenset("<:>| \t\r\n")
_PREFIX: Final = re.compile(r"[^\S\r\n]*(?:[A-Za-z]{1,3}(?=>))?[>|:}%#\s]*")
_PIECE: Final = re.compile(r"[^\s<>\"\x00-\x20\x7f]*")
_BLANKS: Final = re.compile(r"[^\S\r\n]*")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


class Bracketed(NamedTuple):
    """An address in brackets: its value, where its last character ends, and whether programs disagree."""

    value: str
    end: int
    doubtful: bool


def read_brackets(text: str, start: Start) -> Bracketed | None:
    """Return the address that begins at `start`, where it is the content of angle brackets, else None.

    Line ends with the quote marks and blanks around them are dropped, and nothing is trimmed. A hyphen
    before a line end stays: mail programs break lines, they do not hyphenate. A blank within a line is
    dropped behind `<URL:`; else Thunderbird drops it, Outlook opens it as `%20`, and all others stop there.
    """
    offset = start.offset
    if offset and text[offset - 1] == "<":
        ordinary = _ORDINARY.match(text, start.authority)
        if ordinary is not None:
            end = ordinary.end() - 1
            return Bracketed(text[offset:end], end, doubtful=False)
    opener = _opener(text, offset)
    if opener is None:
        return None
    pieces, split = _pieces(text, offset)
    if not pieces:
        return None
    if split and opener[1] is None:
        # The words behind a blank may be prose, or a file's name.
        pieces, doubtful = pieces[:split], True
    else:
        doubtful = False
    value = "".join(text[begin:end] for begin, end in pieces)
    address = Start(0, start.authority - offset, start.abbreviated)
    if not doubtful and not AddressEnds(value).is_whole_authority(address):
        return None
    return Bracketed(value, pieces[-1][1], doubtful)


def _opener(text: str, start: int) -> re.Match[str] | None:
    if not start or text[start - 1] not in _BEFORE:
        return None
    bracket = text.rfind("<", max(0, start - _OPENER_WINDOW), start)
    return _OPENER.fullmatch(text, bracket, start) if bracket >= 0 else None


def _pieces(text: str, start: int) -> tuple[list[tuple[int, int]], int]:
    """Return the spans between `start` and the closing bracket that white space parts, none without it.

    The number tells how many come before the first blank within a line, 0 where there is none.
    """
    marks = _marks(text, start)
    pieces: list[tuple[int, int]] = []
    split = 0
    at = start
    while at - start < _LONGEST:
        end = _end(_PIECE, text, at)
        if end > at:
            if pieces and begins_anew(text, at, text[pieces[-1][1] - 1]):
                return [], 0
            pieces.append((at, end))
        at = _end(_BLANKS, text, end)
        if text.startswith(">", at):
            return pieces, split if split < len(pieces) else 0
        line_end = _LINE_END.match(text, at)
        if line_end is not None:
            at = _behind_marks(text, line_end.end(), marks)
            if at < 0:
                break
        elif at > end:
            split = split or len(pieces)
        else:
            break
    return [], 0


def _marks(text: str, start: int) -> str:
    """Return the quote marks, without blanks, of the line in which `start` lies."""
    floor = max(0, start - _LONGEST_PREFIX)
    line = max(text.rfind("\n", floor, start), text.rfind("\r", floor, start)) + 1
    if not line and floor:
        return ""
    prefix = _PREFIX.match(text, line, start)
    return "".join(prefix[0].split()) if prefix is not None else ""


def _behind_marks(text: str, at: int, marks: str) -> int:
    """Return where a line's words begin, -1 where it is empty or quoted otherwise.

    A line without any marks counts: programs that break quoted lines too late leave such ends behind.
    """
    at = _end(_BLANKS, text, at)
    for number, mark in enumerate(marks):
        if not text.startswith(mark, at):
            if number:
                return -1
            break
        at = _end(_BLANKS, text, at + 1)
    return at if text[at : at + 1].strip() else -1


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    assert match is not None, "the pattern matches nothing too"
    return match.end()
