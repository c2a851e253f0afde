"""`backstamp channels`: by which ways alerts reach administrators."""

import click

from backstamp.app.context import AppContext
from backstamp.app.starting.django_start import usable_database
from backstamp.app.terminal.by_hand import by_hand
from backstamp.app.terminal.groups import Group
from backstamp.vocabulary import ChannelKind


@click.group(cls=Group)
def channels() -> None:
    """Set where alerts are sent: mail, webhook, Slack."""


@channels.command("add")
@click.argument("name")
@click.argument("kind", type=click.Choice([kind.value for kind in ChannelKind]))
@click.argument("target", metavar="ADDRESS|URL")
@click.option("--secret", default="", help="Secret of a webhook: whsec_ and base64. [default: a new one]")
@click.pass_obj
def add_channel(context: AppContext, name: str, kind: str, target: str, secret: str) -> None:
    """Add a channel. The secret that signs a webhook's messages is printed once.

    \b
    backstamp channels add admins mail postmaster@example.org
    backstamp channels add ops webhook https://siem.example.org/backstamp
    """
    with usable_database(context):
        from backstamp.records.outbox import channels as records

        row = records.add(name, ChannelKind(kind), target, by_hand(), secret)
    click.echo(f"added; try it: backstamp alerts test {name!r}")
    if row.secret and not secret:
        click.echo(f"secret: {row.secret}")


@channels.command("list")
@click.pass_obj
def list_channels(context: AppContext) -> None:
    """Print the channels and how deliveries go. Paths of URLs may be secret and are left out."""
    with usable_database(context):
        from backstamp.records.outbox import channels as records
        from backstamp.records.outbox.entries import waiting

        for row in records.listed():
            state = "on" if row.enabled else "OFF"
            if row.failing_since is not None:
                state += f"; fails since {row.failing_since:%Y-%m-%d %H:%M} UTC: {row.last_failure}"
            elif row.delivered_at is not None:
                state += f"; took one at {row.delivered_at:%Y-%m-%d %H:%M} UTC"
            if number := waiting(row):
                state += f"; {number} waiting"
            click.echo(f"{row.name:<20}{row.kind:<9}{records.shown_target(row)}  {state}")


@channels.command("remove")
@click.argument("name")
@click.pass_obj
def remove_channel(context: AppContext, name: str) -> None:
    """Remove a channel and the messages that wait for it."""
    with usable_database(context):
        from backstamp.records.outbox import channels as records

        if not records.delete(name):
            raise click.ClickException(f"there is no channel {name[:64]!r}")
    click.echo("removed")


@channels.command("switch")
@click.argument("name")
@click.argument("state", type=click.Choice(["on", "off"]))
@click.pass_obj
def switch_channel(context: AppContext, name: str, state: str) -> None:
    """Switch a channel off, or on again; messages that waited are then delivered."""
    with usable_database(context):
        from backstamp.records.outbox import channels as records

        row = records.named(name)
        if row is None:
            raise click.ClickException(f"there is no channel {name[:64]!r}")
        row.enabled = state == "on"
        records.save(row)
    click.echo(state)
