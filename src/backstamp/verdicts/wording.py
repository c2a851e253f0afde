"""Reasons in words, so that they can be said in another language: a template, and what is put into it.

The template is the message id of gettext; `xgettext --keyword=sentence` finds them all.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

_PLACE: Final = re.compile(r"\{([a-z_]{1,20})\}")


class Sentence(msgspec.Struct, frozen=True):
    """A template with `{names}`, and what stands for them, by name."""

    template: str
    values: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return fill(self.template, dict(self.values))


def sentence(template: str, **values: object) -> Sentence:
    """Return a sentence; the values are put in as they are in words."""
    return Sentence(template, tuple((name, str(value)) for name, value in values.items()))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into a template, or its translation; unknown names stay, and what a value says is text.

    A sentence begins with a capital letter, also where a value such as "a mail program" begins it.
    """
    said = _PLACE.sub(lambda place: values.get(place[1], place[0]), template)
    return said[:1].upper() + said[1:]
