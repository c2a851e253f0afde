"""`backstamp url`: a URL as lists know it, and what is held against it."""

import os
import sys
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

import click
import msgspec

from backstamp.app.context import AppContext
from backstamp.app.settings import SettingsError
from backstamp.app.settings.data_dir import DataFile
from backstamp.app.terminal.bad_input import BadInputError
from backstamp.app.terminal.groups import Group
from backstamp.app.terminal.shown import printable_json
from backstamp.shared_files import ThreatFile
from backstamp.shared_files.answers_file import AnswersFile
from backstamp.threats import Finding
from backstamp.threats.answers import Answers
from backstamp.threats.checking import check as check_link
from backstamp.threats.heuristics import Looks
from backstamp.threats.lists import ThreatLists
from backstamp.urls.parsing import web_url
from backstamp.urls.safe_browsing import Canonical, canonical_of_text, full_hashes

_MAX_LINE: Final = 1 << 20
_MAX_SHOWN: Final = 120


class _Answer(msgspec.Struct, frozen=True):
    """A line of `check`."""

    url: str
    canonical: str
    findings: tuple[Finding, ...]


class _Known(NamedTuple):
    lists: ThreatLists | None
    answers: Answers


@click.group(cls=Group)
def url() -> None:
    """Look URLs up in the lists, and judge their looks. Without URLS, one per line of standard input."""


@url.command()
@click.argument("urls", nargs=-1)
def canonical(urls: tuple[str, ...]) -> None:
    """Print the canonical form of each URL (Google's Safe Browsing specification)."""
    for _, form in _read(urls):
        click.echo(str(form))


@url.command()
@click.argument("urls", nargs=-1)
@click.option(
    "--hashes", is_flag=True, help="Print the SHA-256, which hashed lists hold, before each expression."
)
def expressions(urls: tuple[str, ...], hashes: bool) -> None:
    """Print the expressions under which a list may name each URL, most specific first."""
    for _, form in _read(urls):
        for expression, full_hash in full_hashes(str(form)):
            click.echo(f"{full_hash.hex()} {expression}" if hashes else expression)


@url.command()
@click.argument("urls", nargs=-1)
@click.option(
    "--own",
    "own_domains",
    multiple=True,
    help="Domain of the reader's organisation, to find its look-alikes; repeatable.",
)
@click.pass_obj
def check(installation: AppContext, urls: tuple[str, ...], own_domains: tuple[str, ...]) -> None:
    """Print what speaks against each URL, as JSON, one object per line.

    What other vendors' wrappers and redirectors hold is judged too. Nothing is fetched and nobody is asked.
    """
    known = _known(installation)
    for text, form in _read(urls):
        found = _held_against(text, form, known, own_domains)
        click.echo(printable_json(_Answer(text.decode("utf-8", "backslashreplace"), str(form), found)))


def _held_against(
    text: bytes, form: Canonical, known: _Known, own_domains: tuple[str, ...]
) -> tuple[Finding, ...]:
    written = text.decode("utf-8", "replace")
    parsed = web_url(written) or web_url(str(form))
    if parsed is not None:
        looks = Looks(url=parsed, written=written, own_domains=own_domains)
        return check_link(looks, known.lists, known.answers, time.time_ns() // 1000)
    return known.lists.look_up(str(form)) if known.lists is not None else ()


def _read(urls: tuple[str, ...]) -> Iterator[tuple[bytes, Canonical]]:
    """Yield each URL with its canonical form, of the arguments or else of standard input."""
    given = map(os.fsencode, urls) if urls else _lines()
    for number, text in enumerate(given, 1):
        if not text and not urls:
            continue
        form = canonical_of_text(text)
        if form is None:
            where = f"line {number}: " if not urls else ""
            raise BadInputError(f"{where}not an http(s) URL: {ascii(text)[1:][:_MAX_SHOWN]}")
        yield text, form


def _lines() -> Iterator[bytes]:
    while line := sys.stdin.buffer.readline(_MAX_LINE + 1):
        if len(line) > _MAX_LINE:
            raise BadInputError(f"a line of more than {_MAX_LINE} bytes")
        yield line.strip()


def _known(installation: AppContext) -> _Known:
    """Return the lists and answers of this installation; none where there are none, or no installation."""
    try:
        in_data_dir = installation.settings.in_data_dir
    except SettingsError:
        return _Known(None, Answers())
    return _Known(
        ThreatFile(in_data_dir(DataFile.THREAT_LISTS)).current(),
        AnswersFile(in_data_dir(DataFile.THREAT_ANSWERS)).current(),
    )
