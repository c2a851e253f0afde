"""Django's settings for tools that load them (mypy): the product's own, over an empty data directory."""

import os
import tempfile

os.environ.setdefault("BACKSTAMP_DATA_DIR", tempfile.mkdtemp(prefix="backstamp-"))

from backstamp.app.django_settings import *  # noqa: F403 (settings are names of a module)
