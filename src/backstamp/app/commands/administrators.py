"""`backstamp administrators`: who may sign in at the console, and no longer."""

import click

from backstamp.app.context import AppContext
from backstamp.app.starting.django_start import usable_database
from backstamp.app.terminal.groups import Group


@click.group(cls=Group)
def administrators() -> None:
    """List who may sign in at the console, or remove somebody. `sign-in-link` lets somebody in."""


@administrators.command("list")
@click.pass_obj
def list_administrators(context: AppContext) -> None:
    """Print who may sign in, since when, and when they did so last (UTC)."""
    with usable_database(context):
        from backstamp.records.administration import administrators as records

        for each in records.listed():
            last = "never" if each.signed_in_at is None else f"{each.signed_in_at:%Y-%m-%d %H:%M}"
            click.echo(f"{each.address:<40}  since {each.since:%Y-%m-%d %H:%M}, last {last}")


@administrators.command("remove")
@click.argument("address")
@click.pass_obj
def remove_administrator(context: AppContext, address: str) -> None:
    """Remove the administrator with this mail ADDRESS: password, open sessions and unused links."""
    with usable_database(context):
        from backstamp.records.administration import administrators as records

        if not records.remove(address):
            raise click.ClickException(f"nobody with the address {address[:64]!r} may sign in")
    click.echo("removed; whoever is signed in so is not any more")
