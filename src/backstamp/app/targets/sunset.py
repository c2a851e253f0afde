"""The application of `backstamp edge --sunset`, made in each of its workers."""

import os
from pathlib import Path

from backstamp.app.keyfile import KeyFile
from backstamp.app.logs import configure_logging
from backstamp.app.settings import SUNSET_KEYS_VARIABLE, load
from backstamp.app.wiring.edge import edge_config
from backstamp.edge.sunset import SunsetEdge

_settings = load()
configure_logging(_settings, "edge")
target = SunsetEdge(edge_config(_settings), KeyFile(Path(os.environ[SUNSET_KEYS_VARIABLE])))
