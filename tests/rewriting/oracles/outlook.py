"""Outlook's view of a document: an own reader of conditional comments.

Outlook (Word) and Internet Explorer read `<!--[if mso]>...<![endif]-->` (hidden from browsers) and
`<![if !mso]>...<![endif]>` (shown by browsers) while they tokenise: a marker that is false takes all up to
its end with it, whatever stands in between; one that is true is dropped, and what follows is ordinary
markup, in which `-->` means nothing. Syntax: Microsoft, "About conditional comments" (MSDN ms537512).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_OPENING = re.compile(r"<!(?:--)?\s*\[\s*if\b([^\]>]*)\]\s*>(?:\s*(?:<!--+>|-->))?", re.IGNORECASE)
_CLOSING = re.compile(r"(?:<!--)?\s*<!\s*\[\s*endif\s*\]\s*(?:--)?>", re.IGNORECASE)
_ANY_MARKER = re.compile(f"{_OPENING.pattern}|{_CLOSING.pattern}", re.IGNORECASE)
_COMMENT_END = re.compile(r"--!?>")
_TAG = re.compile(r"</?([a-zA-Z][^\s/>]*)(?:[^>\"']|\"[^\"]*\"|'[^']*')*+(?:>|$)")
_RAW_TEXT = frozenset({"style", "script", "textarea", "title", "xmp"})
_TOKEN = re.compile(r"\s*(?:([()!&|])|(?:(lte?|gte?)\s+)?([a-z]+)(?:\s+([0-9.]+))?|(\S))", re.IGNORECASE)


class Program(NamedTuple):
    """A program that reads conditions: its features with their versions."""

    name: str
    features: dict[str, float]


OUTLOOK = Program("Outlook", {"mso": 16, "vml": 1})
INTERNET_EXPLORER = Program("Internet Explorer", {"ie": 9, "vml": 1})
PROGRAMS = (OUTLOOK, INTERNET_EXPLORER)


def has_conditions(text: str) -> bool:
    """Whether anything in the text looks like a condition."""
    return re.search(r"<!(?:--)?\s*\[\s*if\b", text, re.IGNORECASE) is not None


def outlook_views(text: str) -> Iterator[tuple[str, str]]:
    """Yield (name, markup) as each program shows it, and once as if every condition were true."""
    for program in PROGRAMS:
        yield program.name, _view(text, program)
    yield "all conditions true", _view(text, None)


def _view(text: str, program: Program | None) -> str:
    pieces: list[str] = []
    position = 0
    while (at := text.find("<", position)) >= 0:
        pieces.append(text[position:at])
        opening = _OPENING.match(text, at)
        if opening is not None:
            shown = program is None or is_true(opening[1], program)
            position = opening.end() if shown else _end_of_hidden(text, opening.end())
            continue
        closing = _CLOSING.match(text, at)
        if closing is not None:
            position = closing.end()
            continue
        position = _end_of_markup(text, at)
        pieces.append(text[at:position])
    pieces.append(text[position:])
    return "".join(pieces)


def _end_of_markup(text: str, at: int) -> int:
    """Return where the comment, tag or raw text that begins at `at` ends."""
    if text.startswith("<!--", at):
        if text.startswith((">", "->"), at + 4):
            return text.index(">", at + 4) + 1
        end = _COMMENT_END.search(text, at + 4)
        return end.end() if end is not None else len(text)
    tag = _TAG.match(text, at)
    if tag is None:
        return at + 1
    if tag[1].lower() in _RAW_TEXT and text[at + 1] != "/":
        end_tag = re.compile(rf"</{tag[1]}(?=[\s/>])", re.IGNORECASE).search(text, tag.end())
        return end_tag.start() if end_tag is not None else len(text)
    return tag.end()


def _end_of_hidden(text: str, position: int) -> int:
    depth = 1
    for marker in _ANY_MARKER.finditer(text, position):
        depth += 1 if _OPENING.fullmatch(marker[0]) else -1
        if depth == 0:
            return marker.end()
    return len(text)


def is_true(condition: str, program: Program) -> bool:
    """Evaluate `(gte mso 9)|(IE)`; what cannot be read is false, as Microsoft has it."""
    tokens = [match.groups() for match in _TOKEN.finditer(condition.strip()) if match[0].strip()]
    try:
        value, rest = _either(tokens, program)
    except (IndexError, ValueError, RecursionError):
        return False
    return value and not rest


_Tokens = list[tuple[str | None, ...]]


def _either(tokens: _Tokens, program: Program) -> tuple[bool, _Tokens]:
    value, tokens = _both(tokens, program)
    while tokens and tokens[0][0] == "|":
        other, tokens = _both(tokens[1:], program)
        value = value or other
    return value, tokens


def _both(tokens: _Tokens, program: Program) -> tuple[bool, _Tokens]:
    value, tokens = _one(tokens, program)
    while tokens and tokens[0][0] == "&":
        other, tokens = _one(tokens[1:], program)
        value = value and other
    return value, tokens


def _one(tokens: _Tokens, program: Program) -> tuple[bool, _Tokens]:
    mark, operator, feature, version, stray = tokens[0]
    if stray is not None:
        raise ValueError(stray)
    if mark == "!":
        value, rest = _one(tokens[1:], program)
        return not value, rest
    if mark == "(":
        value, rest = _either(tokens[1:], program)
        if rest[0][0] != ")":
            raise ValueError("unbalanced")
        return value, rest[1:]
    if feature is None:
        raise ValueError(mark)
    return _compare(program.features.get(feature.lower()), operator, version), tokens[1:]


def _compare(own: float | None, operator: str | None, version: str | None) -> bool:
    if own is None or version is None:
        return own is not None
    wanted = float(version)
    match (operator or "").lower():
        case "lt":
            return own < wanted
        case "lte":
            return own <= wanted
        case "gt":
            return own > wanted
        case "gte":
            return own >= wanted
        case _:
            return int(own) == int(wanted)
