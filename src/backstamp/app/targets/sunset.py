"""The application of `backstamp edge --sunset`, made in each of its workers."""

import os
from pathlib import Path

from backstamp.app.keyfile import KeyFile
from backstamp.app.logs import configure_logging
from backstamp.app.settings import SUNSET_KEYS_VARIABLE, load
from backstamp.edge.sunset import SunsetEdge

configure_logging(load(), "edge")
target = SunsetEdge(KeyFile(Path(os.environ[SUNSET_KEYS_VARIABLE])))
