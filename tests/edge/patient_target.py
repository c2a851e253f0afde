"""What the edge of a test serves that would wait for a body for longer than the test does."""

from backstamp.edge.requests import bodies
from tests.edge.server_process import PATIENCE_SECONDS
from tests.edge.target import edge

__all__ = ["edge"]

bodies.BODY_SECONDS = 2 * PATIENCE_SECONDS  # type: ignore[misc]
