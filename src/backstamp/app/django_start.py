"""Start Django in a process that needs it; the other roles and commands never import it."""

import os

from backstamp.app.context import AppContext
from backstamp.app.settings import CONFIG_VARIABLE


def start_django(context: AppContext) -> None:
    """Set Django up with the settings of this context."""
    if context.settings.config_file is not None:
        os.environ[CONFIG_VARIABLE] = str(context.settings.config_file)
    os.environ["DJANGO_SETTINGS_MODULE"] = "backstamp.app.django_settings"
    from backstamp.app.wiring.data_dir import prepare_data_dir

    prepare_data_dir(context.settings)
    import django

    django.setup()
