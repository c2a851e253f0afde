"""edge: the public HTTP service, which answers pixels and links."""

from backstamp.edge.app import Edge
from backstamp.edge.config import EdgeConfig, EdgeError, FloodLimits
from backstamp.edge.serving.server import serve

__all__ = ["Edge", "EdgeConfig", "EdgeError", "FloodLimits", "serve"]
