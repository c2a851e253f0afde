"""What the sunset edge of the tests serves."""

import logging
import os

from backstamp.edge import EdgeConfig
from backstamp.edge.sunset import SunsetEdge
from tests.edge.setting import RING

logging.basicConfig()
edge = SunsetEdge(
    EdgeConfig(
        host="127.0.0.1",
        port=int(os.environ["EDGE_TEST_PORT"]),
        connections=int(os.environ["EDGE_TEST_CONNECTIONS"]),
    ),
    lambda: RING,
)
