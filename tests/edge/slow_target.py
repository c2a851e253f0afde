"""What the real edge of the tests serves, at last: a worker that is long in starting."""

import os
import time
from pathlib import Path

(Path(os.environ["EDGE_TEST_DIRECTORY"]) / "starting").touch()
time.sleep(2)

from tests.edge.target import edge as edge  # noqa: E402 - it is to come late
