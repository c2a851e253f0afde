"""flowed: the text that a reader of format=flowed with delsp=yes sees, and the way back (RFC 3676)."""

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Final, TypedDict

_BLANK_AT_LINE_END: Final = re.compile(r" (?:\r\n|\r|\n)")
_MARKS: Final = re.compile(r">(?: ?>)*")
_SEPARATOR: Final = re.compile(r"-- (?:[\r\n]|\Z)")


class Flow(TypedDict):
    """What a part says of its lines: `delsp` means nothing without `flowed`."""

    flowed: bool
    delsp: bool


def flow_of(parameters: Mapping[str, str]) -> Flow:
    """Return what the parameters of a part's Content-Type say of its lines (RFC 3676 §4)."""
    return Flow(
        flowed=parameters.get("format", "").strip().lower() == "flowed",
        delsp=parameters.get("delsp", "").strip().lower() == "yes",
    )


class Unflowed:
    """A text without what parts its words, such as soft line ends, and the way back.

    `joints` are the offsets in `text` where something was left out.
    """

    __slots__ = ("_sources", "joints", "text")

    def __init__(self, text: str, joints: list[int], sources: list[int]) -> None:
        """Take the text, its joints, and for each joint the offset in the source where the text goes on."""
        self.text = text
        self.joints = joints
        self._sources = sources

    @classmethod
    def without(cls, source: str, parting: re.Pattern[str]) -> "Unflowed":
        """Return a text without what this pattern, which matches nothing empty, finds in it."""
        pieces: list[str] = []
        joints: list[int] = []
        sources: list[int] = []
        length = copied = 0
        for match in parting.finditer(source):
            pieces.append(source[copied : match.start()])
            length += match.start() - copied
            copied = match.end()
            joints.append(length)
            sources.append(copied)
        pieces.append(source[copied:])
        return cls("".join(pieces), joints, sources)

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a span of `text`, which is not empty, lies in the source."""
        return self._source(start), self._source(end - 1) + 1

    def _source(self, offset: int) -> int:
        at = bisect_right(self.joints, offset) - 1
        return offset if at < 0 else self._sources[at] + offset - self.joints[at]


def unflow(text: str, *, flowed: bool, delsp: bool) -> Unflowed:
    """Return a text as its reader sees it: its lines joined where both are true (RFC 3676 §4.2, §4.4, §4.5).

    Without `delsp` a blank stays where lines flow, so there is nothing to join. With it, at a soft line
    end go the blank before it, the line end, and the next line's quote marks and stuffed blank. A change
    of quote depth and the signature separator end a paragraph (§4.3, §4.5). Marks with blanks between
    them (`> > `) count as marks: many programs quote so, whatever they declare.
    """
    if not (flowed and delsp):
        return Unflowed(text, [], [])
    pieces: list[str] = []
    joints: list[int] = []
    sources: list[int] = []
    length = copied = line_start = 0
    for match in _BLANK_AT_LINE_END.finditer(text):
        blank, following = match.span()
        begin = max(text.rfind("\n", line_start, blank), text.rfind("\r", line_start, blank)) + 1
        depth, begin = _content(text, begin or line_start)
        line_start = following
        # A line of marks and one blank is empty, not flowed.
        if begin >= blank or _SEPARATOR.match(text, begin):
            continue
        next_depth, begin = _content(text, following)
        if (
            next_depth != depth
            or begin == len(text)
            or text[begin] in "\r\n"
            or _SEPARATOR.match(text, begin)
        ):
            continue
        pieces.append(text[copied:blank])
        length += blank - copied
        joints.append(length)
        sources.append(begin)
        copied = begin
    pieces.append(text[copied:])
    return Unflowed("".join(pieces), joints, sources)


def _content(text: str, start: int) -> tuple[int, int]:
    """Return a line's quote depth, and where its words begin behind marks and a stuffed blank."""
    depth = 0
    marks = _MARKS.match(text, start)
    if marks is not None:
        depth, start = marks[0].count(">"), marks.end()
    return depth, start + text.startswith(" ", start)
