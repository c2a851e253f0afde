"""Django's settings for tools that load them (mypy): the product's own, over an empty data directory."""

import os
from tempfile import TemporaryDirectory

_folder = TemporaryDirectory(prefix="backstamp-")  # held by name: it goes with the tool's process
os.environ.setdefault("BACKSTAMP_DATA_DIR", _folder.name)

from backstamp.app.django_settings import *  # noqa: E402, F403 (settings are names of a module)
