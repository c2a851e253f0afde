"""`backstamp check-config`: are the settings right?"""

import click

from backstamp.app.context import AppContext
from backstamp.app.settings.table import DATABASE_URL
from backstamp.app.starting.problems import check
from backstamp.app.wiring.postgresql import connection_settings


@click.command("check-config")
@click.pass_obj
def check_config(context: AppContext) -> None:
    """Check the settings. Ends with 2 and one line if something is wrong."""
    check(context.settings)
    if context.settings[DATABASE_URL]:  # not for all roles: gateway and edge know no driver
        connection_settings(context.settings[DATABASE_URL])
    click.echo(f"settings are good ({context.settings.config_file or 'defaults and environment'})")
