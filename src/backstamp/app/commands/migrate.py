"""`backstamp migrate`: bring the database to this version."""

import click

from backstamp.app.commands.sign_in_link import sign_in_link
from backstamp.app.context import AppContext
from backstamp.app.starting.django_start import usable_database


@click.command()
@click.option("--then-sign-in-link", is_flag=True, hidden=True, help="Print nothing but what `serve` shows.")
@click.pass_context
def migrate(call: click.Context, then_sign_in_link: bool) -> None:
    """Create or upgrade the database. Does nothing where it is of this version."""
    context: AppContext = call.obj
    with usable_database(context, begins=True):
        _refuse_unfit()
        from django.core.management import call_command

        from backstamp.records import trigrams
        from backstamp.records.rollups.rebuild import fill_in_missing

        call_command("migrate", interactive=False, verbosity=0)
        trigrams.make_what_lacks()
        fill_in_missing()
    if then_sign_in_link:
        call.invoke(sign_in_link, if_nobody=True)
    else:
        click.echo("the database is up to date")


def _refuse_unfit() -> None:
    """See that PostgreSQL's database can hold what mail is written in, and takes our tables.

    Raises `ClickException`, and `django.db.Error`.
    """
    from django.db import connection

    from backstamp.records.database.server_settings import OWNER, cannot_make_tables, is_turkic
    from backstamp.records.database.vendor import is_postgresql
    from backstamp.records.database.versions import is_empty, is_older

    if not is_postgresql():
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_encoding")
        ((encoding,),) = cursor.fetchall()
    if encoding != "UTF8":
        raise click.ClickException(
            f"the database cannot be used: its encoding is {encoding}, and mail is written in all "
            "letters; make another one with: createdb --encoding UTF8 --template template0"
        )
    if is_empty() and is_turkic():
        raise click.ClickException(
            "the database cannot be used: I and i are no pair of letters for it, so that addresses would not "
            "be found as they are written; make another one with: createdb --locale C.UTF-8 --template "
            "template0"
        )
    if (why := cannot_make_tables()) and is_older():
        raise click.ClickException(f"the database cannot be used: {why}; {OWNER}")
