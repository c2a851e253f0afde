"""surroundings: what all sessions share."""

from dataclasses import dataclass

from backstamp.gateway.config import GatewayConfig
from backstamp.gateway.delivering.transaction import Transactions
from backstamp.gateway.protocol.mail_data import Budget
from backstamp.gateway.relaying.kept_connections import KeptConnections
from backstamp.gateway.renewal import RenewedTls
from backstamp.gateway.sessions.failed_logins import FailedLogins


@dataclass(frozen=True)
class Surroundings:
    """The configuration, and what was made of it.

    `upstream` is there exactly where people may submit, `inside` where received mail is handed to us.
    """

    config: GatewayConfig
    transactions: Transactions
    budget: Budget
    tls: RenewedTls | None
    next_hop: KeptConnections
    upstream: KeptConnections | None
    inside: KeptConnections | None
    failed_logins: FailedLogins
