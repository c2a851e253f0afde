"""`backstamp doctor`: what is wrong, and the exact fix."""

from typing import Final

import click

from backstamp.app.context import AppContext
from backstamp.app.doctor import Grade, examine
from backstamp.app.starting.problems import check

MARKS: Final = {
    Grade.GOOD: ("ok   ", "green"),
    Grade.NOTE: ("note ", "yellow"),
    Grade.WRONG: ("WRONG", "red"),
}


@click.command()
@click.pass_obj
def doctor(context: AppContext) -> None:
    """Check the installation, and print the exact fix of what is wrong. Ends with 1 if something is."""
    check(context.settings)
    wrongs = 0
    for finding in examine(context.settings):
        mark, colour = MARKS[finding.grade]
        click.echo(f"{click.style(mark, fg=colour)}  {finding.subject}: {finding.text}")
        if finding.fix:
            click.echo(f"       fix: {finding.fix}")
        wrongs += finding.grade is Grade.WRONG
    if wrongs:
        raise click.ClickException(f"{wrongs} {'thing is' if wrongs == 1 else 'things are'} wrong")
