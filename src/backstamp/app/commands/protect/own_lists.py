"""`backstamp protect own-list`: hosts and URLs that are allowed or blocked by hand."""

from typing import TYPE_CHECKING, Final

import click

from backstamp.app.context import AppContext
from backstamp.app.starting.django_start import usable_database
from backstamp.app.terminal.by_hand import OBEYED, by_hand
from backstamp.app.terminal.groups import Group

if TYPE_CHECKING:
    from backstamp.records.models import OwnListEntry


@click.group("own-list", cls=Group)
def own_list() -> None:
    """Set own lists: hosts and URLs that are allowed or blocked, whatever other lists say."""


_WHAT: Final = click.argument("what", metavar="HOST|URL")
_WHOSE: Final = click.option(
    "--for", "whose", default="", metavar="DOMAIN|MAILBOX", help="Whose list. [default: everybody's]"
)
_NOTE: Final = click.option("--note", default="", help="Reason, in your words.")


@own_list.command("allow")
@_WHAT
@_WHOSE
@_NOTE
@click.pass_obj
def allow(context: AppContext, what: str, whose: str, note: str) -> None:
    """Allow a host with its subdomains, or a URL."""
    _list(context, "allowed", what, whose, note)


@own_list.command("block")
@_WHAT
@_WHOSE
@_NOTE
@click.pass_obj
def block(context: AppContext, what: str, whose: str, note: str) -> None:
    """Block a host with its subdomains, or a URL."""
    _list(context, "blocked", what, whose, note)


@own_list.command("remove")
@_WHAT
@_WHOSE
@click.pass_obj
def remove(context: AppContext, what: str, whose: str) -> None:
    """Remove a host or URL from the list."""
    ring = context.keyring()
    with usable_database(context):
        from backstamp.records.protection import own_lists

        gone = own_lists.remove(what, whose, ring)
    if not gone:
        raise click.ClickException("that is not on the list")
    click.echo(f"removed; {OBEYED}")


@own_list.command("list")
@click.pass_obj
def list_own(context: AppContext) -> None:
    """Print the own lists: what, for whom, why, and by whom."""
    with usable_database(context):
        from backstamp.records.protection import own_lists

        for entry in own_lists.entries():
            click.echo(_entry_line(entry))


def _list(context: AppContext, kind: str, what: str, whose: str, note: str) -> None:
    ring = context.keyring()
    with usable_database(context):
        from backstamp.records.protection import own_lists

        new = own_lists.add(own_lists.Kind(kind), what, whose, ring, by=by_hand(), note=note)
    click.echo(f"{kind}; {OBEYED}" if new else f"it was {kind} already")


def _entry_line(entry: "OwnListEntry") -> str:
    whose = entry.scope_name or "everybody"
    note = f"  {entry.note}" if entry.note else ""
    made = f"({entry.by}, {entry.since:%Y-%m-%d %H:%M} UTC)"
    return f"{entry.kind:<7} {entry.expression}  for {whose}{note}  {made}"
