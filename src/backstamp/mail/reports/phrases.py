"""The words of mail systems, from the files in `data`: one expression for each thing that they say.

`notices.toml` says what tells that a mail failed, is late or arrived, `addresses.toml` who is meant,
`causes.toml` why, `answers.toml` whether a machine answers. A line is a regular expression without regard to
letter case, collected from the texts that servers are documented to send and from bounces seen; one may be
added for any language. `@NAME` stands for the lines of another section.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final

from backstamp.mail.reports.words import Cause

_WRAPPED: Final = re.compile(r"(?<=\S)[ \t]*\n[ \t]*(?=\S)")
_FILES: Final = ("notices", "addresses", "causes", "answers")


@cache
def _data() -> dict[str, Any]:
    folder = files("backstamp.mail.reports") / "data"
    sections: dict[str, Any] = {}
    for name in _FILES:
        sections |= tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
    return sections


def _lines(section: Iterable[str]) -> Iterator[str]:
    for line in section:
        if line.startswith("@"):
            yield from _lines(_data()[line[1:]])
        else:
            yield line


def words_of(name: str) -> str:
    """Return the section `name` as one alternative, to be a part of another expression."""
    return "|".join(_lines(_data()[name]))


@cache
def saying(name: str) -> re.Pattern[str]:
    """Return the expression that finds what the section `name` says."""
    return _any_of(_data()[name])


@cache
def lines_saying(name: str) -> re.Pattern[str]:
    """Return the expression that finds whole lines, quoted or not, that say it."""
    return re.compile(rf"^(?>[ \t>|]*)(?:{words_of(name)})$", re.IGNORECASE | re.MULTILINE)


@cache
def ending_in(name: str) -> re.Pattern[str]:
    """Return the expression that finds it at the end of a text, before signs that are no letters."""
    return re.compile(rf"(?:{words_of(name)})\W{{0,12}}$", re.IGNORECASE)


@cache
def answer_prefix() -> re.Pattern[str]:
    """Return what finds the `Re:` of answers, in any language and number, at the head of a subject."""
    return re.compile(
        rf"\A(?:\s*(?:{words_of('answer_prefix')})\s*(?:\[\d{{1,4}}\]|\(\d{{1,4}}\))?\s*[:：]\s*){{1,5}}",
        re.IGNORECASE,
    )


@cache
def causes() -> tuple[tuple[Cause, re.Pattern[str]], ...]:
    """Return the causes in the order in which they are looked for, each with its expression; some twice."""
    return tuple((Cause(each["cause"]), _any_of(each["said"])) for each in _data()["causes"])


def unwrapped(text: str) -> str:
    """Return a text whose paragraphs are one line each: what is said may go on in the next line."""
    return _WRAPPED.sub(" ", text)


def _any_of(section: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(_lines(section)), re.IGNORECASE)
