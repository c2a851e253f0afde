"""`backstamp check-config`: are the settings right?"""

import click

from backstamp.app.context import AppContext
from backstamp.app.wiring.problems import check


@click.command("check-config")
@click.pass_obj
def check_config(context: AppContext) -> None:
    """Check the settings; exit 2 with one line where they are wrong."""
    check(context.settings)
    click.echo(f"settings are good ({context.settings.config_file or 'defaults and environment'})")
