"""`backstamp sign-in-link`: the way in for the first administrator, or one who forgot the password."""

from datetime import timedelta
from typing import Final

import click

from backstamp.app.context import AppContext
from backstamp.app.settings.table import CONSOLE_URL
from backstamp.app.starting.django_start import usable_database

LIFETIME: Final = timedelta(hours=24)


@click.command("sign-in-link")
@click.argument("email", default="")
@click.option(
    "--if-nobody", is_flag=True, help="Only if there is no administrator yet; otherwise print nothing."
)
@click.pass_obj
def sign_in_link(context: AppContext, email: str, if_nobody: bool) -> None:
    """Print a link that signs the administrator EMAIL in once and lets them set a password.

    \b
    backstamp sign-in-link you@example.org
    """
    with usable_database(context):
        from django.contrib.auth import get_user_model
        from django.core.exceptions import ValidationError
        from django.core.validators import validate_email

        from backstamp.records.administration import sign_in_links

        try:
            if email:
                validate_email(email)
        except ValidationError:
            raise click.UsageError(f"{email!r} is no mail address") from None
        if if_nobody and get_user_model().objects.filter(is_active=True).exists():
            return
        token = sign_in_links.create(email, LIFETIME)
    click.echo(f"{context.settings[CONSOLE_URL]}/welcome/{token}")
