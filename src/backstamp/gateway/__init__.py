"""gateway: SMTP and LMTP in front of any mail server, submission for people; no queue (docs/gateway.md)."""

from backstamp.gateway.checks import check_config
from backstamp.gateway.config import GatewayConfig, Submission, Timeouts
from backstamp.gateway.errors import ConfigError, ListenError
from backstamp.gateway.rewriter.config import RewritingLimits
from backstamp.gateway.server import Gateway, serve

__all__ = [
    "ConfigError",
    "Gateway",
    "GatewayConfig",
    "ListenError",
    "RewritingLimits",
    "Submission",
    "Timeouts",
    "check_config",
    "serve",
]
