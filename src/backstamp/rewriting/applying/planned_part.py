"""planned_part: a part that changes, and which new URL goes where in it."""

from typing import Final

from backstamp.mail.patches import Patch
from backstamp.mail.pixel_markup import pixel_markup
from backstamp.rewriting.html import link_markup
from backstamp.rewriting.parts.text_part import PartEditor

PIXEL: Final = 0
"""The slot of the pixel; links have their numbers, from 1."""
END_OF_WORDS: Final = -1
"""The slot of what stands behind words that are made a link."""
LEFT_OUT: Final = -2
"""The slot of what goes without anything in its place."""


class PlannedPart:
    """A part that changes: its editor, and for each edited span the number of its link (or `PIXEL`).

    `frames` gives what stands before and behind each new URL in plain text, or in the words of HTML.
    """

    def __init__(
        self,
        path: str,
        editor: PartEditor,
        slots: list[int],
        frames: dict[int, tuple[str, str]] | None = None,
    ) -> None:
        self.path = path
        self._editor = editor
        self._slots = slots
        self._frames = frames

    def patches(self, urls: dict[int, str]) -> tuple[list[Patch], bool]:
        """Return the patches for these URLs, and whether the part had to be re-encoded."""
        frames = self._frames
        if frames is not None:
            texts = [
                urls[slot].join(frames[slot]) if slot in frames else _markup(slot, urls)
                for slot in self._slots
            ]
        else:
            texts = [urls[slot] if slot > PIXEL else _markup(slot, urls) for slot in self._slots]
        return self._editor.patches([text.encode("ascii") for text in texts])


def _markup(slot: int, urls: dict[int, str]) -> str:
    if slot == END_OF_WORDS:
        return link_markup.END
    if slot == LEFT_OUT:
        return ""
    return urls[slot] if slot != PIXEL else pixel_markup(urls[PIXEL])
