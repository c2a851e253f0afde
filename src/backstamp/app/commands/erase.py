"""`backstamp erase`: one person's records, and their address wherever it stands."""

import sys

import click

from backstamp.app.context import AppContext
from backstamp.app.starting.django_start import usable_database
from backstamp.app.terminal.address import ADDRESS


@click.command()
@click.argument("address", type=ADDRESS)
@click.pass_obj
def erase(context: AppContext, address: str) -> None:
    """Erase the person with this mail ADDRESS (GDPR article 17). It cannot be undone.

    The server may run meanwhile. If it is stopped, run it again: it finishes what was begun.
    """
    with usable_database(context):
        from backstamp.records.database import taking_turns
        from backstamp.records.privacy import retention
        from backstamp.records.privacy.erasure import mentioning_rows, person
        from backstamp.records.queries import search

        taking_turns.be_patient()
        try:
            number = mentioning_rows.number_of_rows()
            with click.progressbar(length=number, label="looking for mentions", file=sys.stderr) as bar:
                erased = person.erase(address, context.keyring(), looked_through=bar.update)
        finally:
            # Also of what a run erased that was stopped.
            search.forget_deleted()
            retention.write_back()
    if erased is None:
        raise click.ClickException("nothing is on record of that address")
    counts = ", ".join(
        (
            _counted(erased.messages, "message"),
            f"a copy of each of {erased.shared} more",
            _counted(erased.events, "event"),
            _counted(erased.alerts, "alert"),
            _counted(erased.entries, "entry", "entries"),
            _counted(erased.mentions, "mention"),
        )
    )
    click.echo(f"erased: {counts}; nothing is recorded any more of mail that is out")


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
