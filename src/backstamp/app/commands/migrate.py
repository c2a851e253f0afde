"""`backstamp migrate`: bring the database to this version."""

import click

from backstamp.app.context import AppContext
from backstamp.app.django_start import usable_database


@click.command()
@click.pass_obj
def migrate(context: AppContext) -> None:
    """Create or upgrade the database; harmless when there is nothing to do."""
    with usable_database(context):
        from django.core.management import call_command

        from backstamp.app.database_version import refuse_newer
        from backstamp.records.rebuild import fill_in_missing

        refuse_newer()
        call_command("migrate", interactive=False, verbosity=0)
        fill_in_missing()
    click.echo("the database is up to date")
