"""Django's settings in the console: those of all roles, with connections that outlive a request."""

from backstamp.app.django_settings import *  # noqa: F403 - how Django's settings build on others
from backstamp.app.django_settings import DATABASES

if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["ENGINE"] = "backstamp.console.postgresql"
