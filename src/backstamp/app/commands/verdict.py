"""`backstamp verdict`: judge hits given as JSON, one object per line."""

import datetime
from typing import Any, BinaryIO

import click

from backstamp.app.context import AppContext
from backstamp.app.settings import SettingsError
from backstamp.app.settings.data_dir import DataFile
from backstamp.app.terminal.bad_input import BadInputError
from backstamp.app.terminal.shown import printable, printable_json
from backstamp.shared_files import SignatureFile
from backstamp.verdicts import NetworkTable, Verdict
from backstamp.verdicts import verdict as judge
from backstamp.verdicts.networks import PACKAGED_TABLE
from backstamp.verdicts.reading import LINE_LIMIT, HitLine, read_hit


@click.command()
@click.argument("hits", type=click.File("rb"), default="-")
@click.pass_obj
def verdict(installation: AppContext, hits: BinaryIO) -> None:
    """Judge HITS (a file, or standard input): who opened, who clicked, and why.

    Input and output are one JSON object per line; docs/verdicts.md has the fields.
    """
    networks = _networks(installation)
    today = datetime.datetime.now(datetime.UTC).date()
    number = 0
    while line := hits.readline(LINE_LIMIT + 1):
        number += 1
        if not line.strip():
            continue
        try:
            hit, facts, context = read_hit(line, networks, today)
        except ValueError as error:
            raise BadInputError(f"line {number}: {printable(str(error)[:200])}") from None
        click.echo(printable_json(_answer(hit, judge(facts, context))))


def _networks(installation: AppContext) -> NetworkTable:
    """Return what this installation knows of networks; without one, what the program came with."""
    try:
        path = installation.settings.in_data_dir(DataFile.SIGNATURES)
    except SettingsError:
        return PACKAGED_TABLE
    return SignatureFile(path).table()


def _answer(hit: HitLine, found: Verdict) -> dict[str, Any]:
    answer: dict[str, Any] = {} if hit.id is None else {"id": hit.id}
    answer |= {
        "actor": found.actor,
        "score": found.score,
        "certainty": found.certainty,
        "counts": found.counts,
        "reasons": [
            {"signal": reason.signal, "weight": reason.weight, "text": reason.text}
            for reason in found.reasons
        ],
    }
    return answer
