"""What the real edge of the tests serves, in the directory that the environment names."""

import os
from ipaddress import ip_network
from pathlib import Path

from backstamp.edge import EdgeConfig
from tests.edge.setting import edge_in

edge = edge_in(
    Path(os.environ["EDGE_TEST_DIRECTORY"]),
    EdgeConfig(
        host="127.0.0.1",
        port=int(os.environ["EDGE_TEST_PORT"]),
        trusted_proxies=(ip_network("127.0.0.0/8"),),
        connections=int(os.environ["EDGE_TEST_CONNECTIONS"]),
    ),
)
