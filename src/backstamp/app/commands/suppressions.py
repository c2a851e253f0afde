"""`backstamp suppressions`: to whom mail does not go any more."""

import csv
import io
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, Final, TextIO

import click

from backstamp.app.context import AppContext
from backstamp.app.starting.django_start import usable_database
from backstamp.app.terminal.address import ADDRESS
from backstamp.app.terminal.bad_input import BadInputError
from backstamp.app.terminal.groups import Group
from backstamp.app.terminal.shown import printable
from backstamp.mail.addresses import is_mail_address
from backstamp.policy import SuppressionReason
from backstamp.spreadsheets import as_it_was
from backstamp.tokens import Keyring

if TYPE_CHECKING:
    from backstamp.records.suppression.suppression_list import Entry

MOST_LINES: Final = 1_000_000
LONGEST_LINE: Final = 65_536
"""Characters. Without a bound the wrong file, a device that never ends, would take all of the memory."""
_KEY: Final = re.compile(r"[0-9a-f]{16}", re.ASCII)
"""Who unsubscribed after their records were deleted is known by this pseudonym only."""
_DOMAIN: Final = re.compile(r"[^\s@<>\",]{0,255}")


@click.group(cls=Group)
def suppressions() -> None:
    """Show and change the suppression list: who gets no more mail."""


_DOMAIN_OPTION = click.option("--domain", help="Sender domain whose mail is stopped. [default: every domain]")


@suppressions.command("add")
@click.argument("address", type=ADDRESS)
@_DOMAIN_OPTION
@click.option("--evidence", default="", help="Reason, in your words.")
@click.pass_obj
def add_address(context: AppContext, address: str, domain: str | None, evidence: str) -> None:
    """Add an address to the list."""
    row = {"address": address, "domain": domain or "", "evidence": evidence}
    with usable_database(context):
        from backstamp.records.suppression import suppression_list as records

        new = records.add([_entry(context.keyring(), row, "", datetime.now(UTC))])
    click.echo("added; the gateway obeys within two seconds" if new else "it was on the list already")


@suppressions.command("remove")
@click.argument("address")
@_DOMAIN_OPTION
@click.option(
    "--reason",
    type=click.Choice([reason.value for reason in SuppressionReason]),
    help="Only the entry with this reason. [default: all entries]",
)
@click.pass_obj
def remove_address(context: AppContext, address: str, domain: str | None, reason: str | None) -> None:
    """Remove an address from the list, so that it gets mail again."""
    with usable_database(context):
        from backstamp.records.suppression import suppression_list as records

        key = context.keyring().recipient_key(address)
        gone = records.remove(key, domain, reason=SuppressionReason(reason) if reason else None)
    if not gone:
        raise click.ClickException("the address is not on the list")
    click.echo("removed; the gateway obeys within two seconds while the worker runs")


@suppressions.command("list")
@click.pass_obj
def list_entries(context: AppContext) -> None:
    """Print the list: since when, why, for which sender domain."""
    with usable_database(context):
        from backstamp.records.suppression import suppression_list as records

        for row in records.listed():
            domain = row.domain or "every domain"
            who = row.address or f"recipient {bytes(row.recipient_key).hex()}"
            click.echo(f"{row.since:%Y-%m-%d %H:%M} UTC  {row.reason:<12}  {printable(who)}  {domain}")


@suppressions.command("export")
@click.pass_obj
def export_entries(context: AppContext) -> None:
    """Write the list to standard output as CSV."""
    with usable_database(context):
        from backstamp.records.suppression import suppression_list as records

        sys.stdout.buffer.writelines(line.encode() for line in records.exported())


@suppressions.command("import")
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def import_entries(context: AppContext, file: BinaryIO) -> None:
    """Add the entries of a CSV file: column `address`, optional domain, reason, since, evidence.

    All of it is taken, or nothing. FILE may be `-`, standard input. What was exported comes back as it was.
    """
    # It is open by now: root goes on as another user, who need not be able to read it.
    with usable_database(context):
        from django.db import transaction

        from backstamp.records.suppression import suppression_list as records

        entries = list(_read(context.keyring(), file))
        with transaction.atomic():
            new = records.add(entries)
    click.echo(f"{new} added, {len(entries) - new} were on the list already")


def _read(ring: Keyring, file: BinaryIO) -> Iterator["Entry"]:
    now = datetime.now(UTC)
    try:
        with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            rows = csv.DictReader(_lines(text))
            if "address" not in (rows.fieldnames or ()):
                raise BadInputError("the file's first line names no column `address`")
            for row in rows:
                if rows.line_num > MOST_LINES:
                    raise BadInputError(f"the file has more than {MOST_LINES} lines; split it")
                texts = {name: as_it_was(text) for name, text in row.items() if isinstance(text, str)}
                yield _entry(ring, texts, f"line {rows.line_num}: ", now)
    except UnicodeDecodeError:
        raise BadInputError("the file is not UTF-8") from None
    except OSError as error:
        raise click.ClickException(f"the file cannot be read: {error.strerror or error}") from None
    except csv.Error as error:
        raise BadInputError(f"the file cannot be read: {error}") from None


def _lines(text: TextIO) -> Iterator[str]:
    number = 0
    while line := text.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise BadInputError(f"line {number} of the file is longer than {LONGEST_LINE} characters")
        yield line


def _entry(ring: Keyring, row: Mapping[str, str], where: str, now: datetime) -> "Entry":
    from backstamp.records.suppression.suppression_list import Entry

    address, domain = row.get("address", "").strip(), row.get("domain", "").strip()
    key = row.get("recipient_key", "").strip()
    of_the_unknown = not address and _KEY.fullmatch(key) is not None
    if not of_the_unknown and not is_mail_address(address):
        raise BadInputError(f"{where}that is no mail address")
    if not (_DOMAIN.fullmatch(domain) and domain.isprintable()):
        raise BadInputError(f"{where}that is no domain")
    try:
        reason = SuppressionReason((row.get("reason") or SuppressionReason.MANUAL).strip())
    except ValueError:
        known = ", ".join(SuppressionReason)
        raise BadInputError(f"{where}the reason must be one of {known}") from None
    try:
        since = datetime.fromisoformat(row.get("since") or now.isoformat())
        since = (since if since.tzinfo else since.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInputError(f"{where}`since` is no time like 2026-03-01T12:00:00+00:00") from None
    return Entry(
        address=address,
        recipient_key=bytes.fromhex(key) if of_the_unknown else ring.recipient_key(address),
        reason=reason,
        since=since,
        domain=domain,
        evidence=row.get("evidence", ""),
    )
