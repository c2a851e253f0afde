"""The Django app's registration."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Views, templates and static files of the console."""

    name = "backstamp.console"
    label = "console"
