"""`backstamp report`: what a mail that came back says."""

from typing import BinaryIO

import click

from backstamp.app.terminal.shown import printable_json
from backstamp.app.terminal.whole_input import read_whole
from backstamp.mail.reports import read_report


@click.command()
@click.argument("message", type=click.File("rb"), default="-")
def report(message: BinaryIO) -> None:
    """Read a bounce, receipt, complaint or reply from MESSAGE (a file, or standard input); print JSON.

    A mail that is none of these has the kind "none". docs/reports.md has the fields.
    """
    click.echo(printable_json(read_report(read_whole(message, "the message")), indent=2))
