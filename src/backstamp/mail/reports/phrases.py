"""The words of mail systems, from `data/phrases.toml`: one expression for each thing that they say."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from backstamp.mail.reports.words import Cause


@cache
def _data() -> dict[str, Any]:
    text = files("backstamp.mail.reports").joinpath("data/phrases.toml").read_text("utf-8")
    return tomllib.loads(text)


def words_of(name: str) -> str:
    """Return the section `name` of the file as one alternative, to be a part of another expression."""
    return "|".join(_data()[name])


@cache
def saying(name: str) -> re.Pattern[str]:
    """Return the expression that finds what the section `name` of the file says."""
    return _joined(_data()[name])


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
    return tuple((Cause(each["cause"]), _joined(each["said"])) for each in _data()["causes"])


def _joined(phrases: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)
