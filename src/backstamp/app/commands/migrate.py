"""`backstamp migrate`: bring the database to this version."""

import click

from backstamp.app.context import AppContext
from backstamp.app.django_start import start_django


@click.command()
@click.pass_obj
def migrate(context: AppContext) -> None:
    """Create or upgrade the database; harmless when there is nothing to do."""
    start_django(context)
    from django.core.management import call_command
    from django.db import OperationalError

    from backstamp.records.rebuild import fill_in_missing

    try:
        call_command("migrate", interactive=False, verbosity=0)
        fill_in_missing()
    except OperationalError as error:
        raise click.ClickException(f"the database does not answer: {str(error).splitlines()[0]}") from None
    click.echo("the database is up to date")
