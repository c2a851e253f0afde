"""planned_part: a part that changes, and what goes where in it."""

from typing import Final

from backstamp.mail.patches import Patch
from backstamp.rewriting.parts.text_part import PartEditor

PIXEL: Final = 0
"""The number of the pixel; links have theirs from 1."""


class PlannedPart:
    """A part that changes: its editor, and for each edited span what goes there.

    That is the new URL of a link with this number (or `PIXEL`), or words that are the same in all copies.
    `frames` are what stands before and behind new URLs, where anything does.
    """

    def __init__(
        self, path: str, editor: PartEditor, contents: list[int | str], frames: dict[int, tuple[str, str]]
    ) -> None:
        self.path = path
        self._editor = editor
        self._contents = contents
        self._frames = frames

    def patches(self, urls: dict[int, str]) -> tuple[list[Patch], bool]:
        """Return the patches for these URLs, and whether the part had to be re-encoded."""
        framed = {number: urls[number].join(frame) for number, frame in self._frames.items()}
        texts = [each if isinstance(each, str) else framed.get(each) or urls[each] for each in self._contents]
        return self._editor.patches([text.encode("ascii") for text in texts])
