"""Django's settings in the console: those of all roles, with connections that requests share."""

from backstamp.app.django_settings import *  # noqa: F403 - how Django's settings build on others
from backstamp.app.django_settings import DATABASES, MIDDLEWARE

if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["ENGINE"] = "backstamp.console.serving.postgresql"
MIDDLEWARE = ["backstamp.console.serving.taking_turns.TakingTurnsMiddleware", *MIDDLEWARE]
