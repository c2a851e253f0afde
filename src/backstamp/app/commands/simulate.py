"""`backstamp simulate`: people and machines act on made-up mail, and the verdicts are marked."""

import math
import smtplib
import sys
import time
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click
import msgspec

from backstamp.app.context import AppContext
from backstamp.app.settings import Settings
from backstamp.app.settings.addresses import split_host_port
from backstamp.app.settings.data_dir import DataFile, DataFolder
from backstamp.app.settings.table import (
    EDGE_LISTEN,
    EDGE_TLS_CERTIFICATE,
    EDGE_TRUSTED_PROXIES,
    GATEWAY_LISTEN,
    GATEWAY_NEXT_HOP,
    TRACKING_URL,
)
from backstamp.app.starting.django_start import set_django_up
from backstamp.app.terminal.bad_input import BadInputError
from backstamp.tokens import Keyring

if TYPE_CHECKING:
    from backstamp.app.simulator.performance import Plan
    from backstamp.app.simulator.scoring import Row, Score

LINE_LIMIT: Final = 100_000

INGEST_SECONDS: Final = 60.0
"""How long the worker may take to ingest the last hits."""

_REACHED_AT: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}  # noqa: S104 - read only
_encode: Final = msgspec.json.Encoder().encode


def _number(_: click.Context, __: click.Parameter, given: float) -> float:
    """Refuse NaN, which lies within any bounds for click."""
    if math.isnan(given):
        raise click.BadParameter("nan is no number")
    return given


@click.command()
@click.option("--recipients", type=click.IntRange(1, 100_000), default=100, show_default=True)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Seed: the same one gives the same actors."
)
@click.option(
    "--duration",
    type=click.FloatRange(1, 86_400),
    callback=_number,
    default=240.0,
    show_default=True,
    help="Seconds after delivery within which people read.",
)
@click.option(
    "--rate",
    type=click.FloatRange(1, 1000),
    callback=_number,
    default=100.0,
    show_default=True,
    help="Requests per second, at most.",
)
@click.option(
    "--truth", type=click.Path(path_type=Path), help="The truth file. [default: simulation.jsonl in data_dir]"
)
@click.option("--report", is_flag=True, help="Score the run in the truth file again, without a new one.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_obj
def simulate(
    context: AppContext,
    recipients: int,
    seed: int,
    duration: float,
    rate: float,
    truth: Path | None,
    report: bool,
    as_json: bool,
) -> None:
    """Send made-up mail, let people and documented machines act on it over HTTP, and score the verdicts.

    Nothing leaves this machine: the next hop must be the built-in test mailbox.
    """
    settings = context.settings
    truth = truth or settings.in_data_dir(DataFile.SIMULATION_TRUTH)
    edge = None if report else _edge_that_believes_us(settings)
    set_django_up(settings)
    if edge is not None:
        from backstamp.app.simulator.performance import Plan

        plan = Plan(
            recipients=recipients,
            seed=seed,
            duration=duration,
            rate=rate,
            gateway=split_host_port(settings[GATEWAY_LISTEN]),
            edge=edge,
            host=urlsplit(settings[TRACKING_URL]).netloc,
            captured=settings.in_data_dir(DataFolder.CAPTURE),
        )
        _play(plan, context.keyring(), truth)
    marked = _marked(truth, patience=0.0 if report else INGEST_SECONDS)
    click.echo(_encode(marked) if as_json else _table(marked))


def _edge_that_believes_us(settings: Settings) -> tuple[str, int]:
    if settings[GATEWAY_NEXT_HOP]:
        raise click.UsageError(
            "a next hop is set, so mail would really leave; simulate on an instance without"
        )
    if settings[EDGE_TLS_CERTIFICATE] is not None:
        raise click.UsageError(
            "the edge speaks TLS itself; simulate on an instance without edge.tls_certificate"
        )
    host, port = split_host_port(settings[EDGE_LISTEN])
    host = _REACHED_AT.get(host, host)
    try:
        address = ip_address(host)
    except ValueError:
        raise click.UsageError("edge.listen names a host; simulate needs its address there") from None
    if not any(address in network for network in settings[EDGE_TRUSTED_PROXIES]):
        raise click.UsageError(
            f"edge.trusted_proxies lacks {host}, so the edge would not believe the actors' addresses; "
            f'set edge.trusted_proxies = ["{host}"] and restart'
        )
    return host, port


def _play(plan: "Plan", ring: Keyring, truth: Path) -> None:
    from backstamp.app.simulator.performance import NotTrackedError, perform
    from backstamp.app.simulator.playing import Played

    try:
        file = truth.open("wb")
    except OSError as error:
        raise click.ClickException(f"{truth}: {error.strerror}") from None
    try:
        with (
            file,
            click.progressbar(length=plan.recipients, label="recipients", file=sys.stderr) as bar,
        ):

            def tell(played: Played) -> None:
                file.write(_encode(played) + b"\n")

            perform(plan, ring, tell, bar.update)
    except NotTrackedError as error:
        raise click.ClickException(str(error)) from None
    except smtplib.SMTPResponseException as error:
        raise click.ClickException(f"the gateway answered {error.smtp_code}") from None
    except smtplib.SMTPRecipientsRefused:
        raise click.ClickException("the gateway refused a made-up recipient") from None
    except (OSError, smtplib.SMTPException) as error:
        raise click.ClickException(
            f"gateway, edge or {truth}: {type(error).__name__}; is `backstamp serve` running?"
        ) from None


def _marked(truth: Path, patience: float) -> "Score":
    """Return the report, as soon as the worker has ingested all, or `patience` seconds have passed."""
    from backstamp.app.simulator.playing import Played
    from backstamp.app.simulator.scoring import score
    from backstamp.app.simulator.verdicts_found import verdicts_of

    read = msgspec.json.Decoder(Played).decode
    played: list[Played] = []
    try:
        with truth.open("rb") as file:
            while line := file.readline(LINE_LIMIT):
                played.append(read(line))
    except OSError as error:
        raise click.ClickException(f"{truth}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadInputError(f"{truth}: line {len(played) + 1} is not of a truth file") from None
    end = time.monotonic() + patience
    while True:
        marked = score(played, verdicts_of(each.tracking_id for each in played))
        if marked.judged == marked.played or time.monotonic() >= end:
            return marked
        time.sleep(1.0)


def _table(marked: "Score") -> str:
    lines = [
        f"{marked.judged:,} of {marked.played:,} hits judged, {marked.settled:,} of them settled",
        f"people called a machine: {marked.people_called_machine}",
        f"machines called a person: {marked.machines_called_person}",
        f"machines caught: {_share(marked.machines_caught)}",
        "",
        f"{'actor':<48}{'hits':>7}{'right':>7}{'recall':>9}{'precision':>11}  verdicts",
        *(_line(row) for row in marked.by_actor),
        "",
        *(_line(row) for row in marked.by_cast),
    ]
    return "\n".join(lines)


def _line(row: "Row") -> str:
    said = ", ".join(f"{actor} {number}" for actor, number in row.verdicts.items())
    return (
        f"{row.name:<48}{row.hits:>7}{row.right:>7}{_share(row.recall):>9}{_share(row.precision):>11}  {said}"
    )


def _share(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.1%}"
