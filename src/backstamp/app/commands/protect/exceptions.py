"""`backstamp protect exception`: who and what the link protection of a domain leaves alone."""

from typing import TYPE_CHECKING, Final

import click

from backstamp.app.context import AppContext
from backstamp.app.starting.django_start import usable_database
from backstamp.app.terminal.by_hand import OBEYED, by_hand
from backstamp.app.terminal.groups import Group

if TYPE_CHECKING:
    from backstamp.records.models import ProtectionException

_KINDS: Final = ("mailbox", "sender", "host")


@click.group(cls=Group)
def exception() -> None:
    """Set exceptions: mailboxes (opt-out), senders or hosts that are left alone."""


_DOMAIN: Final = click.argument("domain")
_KIND: Final = click.argument("kind", type=click.Choice(_KINDS))
_VALUE: Final = click.argument("value")


@exception.command("add")
@_DOMAIN
@_KIND
@_VALUE
@click.pass_obj
def add_exception(context: AppContext, domain: str, kind: str, value: str) -> None:
    """Leave VALUE alone: a mailbox of DOMAIN, a sender (address or domain), or a host with its subdomains."""
    ring = context.keyring()
    with usable_database(context):
        from backstamp.records.protection import domain_settings

        new = domain_settings.add_exception(domain, domain_settings.Kind(kind), value, ring, by_hand())
    click.echo(f"added; {OBEYED}" if new else "that was an exception already")


@exception.command("remove")
@_DOMAIN
@_KIND
@_VALUE
@click.pass_obj
def remove_exception(context: AppContext, domain: str, kind: str, value: str) -> None:
    """Remove the exception for VALUE."""
    with usable_database(context):
        from backstamp.records.protection import domain_settings

        gone = domain_settings.remove_exception(domain, domain_settings.Kind(kind), value)
    if not gone:
        raise click.ClickException("that is no exception")
    click.echo(f"removed; {OBEYED}")


@exception.command("list")
@_DOMAIN
@click.pass_obj
def list_exceptions(context: AppContext, domain: str) -> None:
    """Print the exceptions of DOMAIN."""
    with usable_database(context):
        from backstamp.records.protection import domain_settings

        for row in domain_settings.exceptions(domain):
            click.echo(exception_line(row))


def exception_line(row: "ProtectionException") -> str:
    """Return an exception as it is listed."""
    return f"exception {row.kind:<7} {row.value}  ({row.by}, {row.since:%Y-%m-%d %H:%M} UTC)"
