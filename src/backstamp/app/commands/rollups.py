"""`backstamp rollups`: what the console's lists and overview are made from, apart from the events."""

import sys

import click

from backstamp.app.context import AppContext
from backstamp.app.starting.django_start import usable_database
from backstamp.app.terminal.groups import Group


@click.group(cls=Group)
def rollups() -> None:
    """Compute the counts of lists and overview anew. They are kept in step with the events anyway."""


@rollups.command()
@click.pass_obj
def rebuild(context: AppContext) -> None:
    """Compute all counts anew from messages and events. The server may run meanwhile."""
    with usable_database(context):
        from backstamp.records.models import Message
        from backstamp.records.rollups.rebuild import rebuild as rebuild_all

        with click.progressbar(length=Message.objects.count(), label="messages", file=sys.stderr) as bar:
            done = rebuild_all(lambda number: bar.update(number - bar.pos))
    click.echo(f"made the roll-ups of {done:,} messages again")
