"""Start Django in a process that needs it; the other roles and commands never import it."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from backstamp.app.context import AppContext
from backstamp.app.settings import CONFIG_VARIABLE, Settings
from backstamp.app.terminal.bad_input import BadInputError

_NOT_OF_THIS_VERSION: Final = re.compile(r'no such (table|column)|(relation "|column ).* does not exist')
"""As SQLite and PostgreSQL say it."""


def set_django_up(settings: Settings) -> None:
    """Set Django up with these settings. Raises `SettingsError`, `KeyFileError`."""
    if settings.config_file is not None:
        os.environ[CONFIG_VARIABLE] = str(settings.config_file)
    os.environ["DJANGO_SETTINGS_MODULE"] = "backstamp.app.django_settings"
    from backstamp.app.starting.data_dir import prepare_data_dir

    prepare_data_dir(settings)
    import django

    django.setup()


@contextmanager
def usable_database(context: AppContext, *, begins: bool = False) -> Iterator[None]:
    """Set Django up for a command. What fails in the database, or the records refuse, is told in one line.

    Only who `begins` an installation makes its data directory and its keys. Raises `SettingsError`,
    `KeyFileError`.
    """
    if not begins:
        from backstamp.app.starting.data_dir import require_keys

        require_keys(context.settings)
    set_django_up(context.settings)
    from django.db import Error

    from backstamp.records.administration.refusals import RefusedError

    try:
        yield
    except RefusedError as error:
        raise BadInputError(str(error)) from None
    except Error as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        if _NOT_OF_THIS_VERSION.match(why):
            why += "; run `backstamp migrate`, or start `backstamp serve` once"
        raise click.ClickException(f"the database cannot be used: {why}") from None
