"""Django's settings in the console: those of all roles, with connections that requests share."""

from backstamp.app.django_settings import *  # noqa: F403 - how Django's settings build on others
from backstamp.app.django_settings import DATABASES, MIDDLEWARE

if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["ENGINE"] = "backstamp.console.postgresql"
MIDDLEWARE = ["backstamp.console.taking_turns.TakingTurnsMiddleware", *MIDDLEWARE]
