"""A notice to a channel, of whatever kind."""

from collections.abc import Callable
from typing import Final

from backstamp.records.models import Channel
from backstamp.records.wording.notices import Notice
from backstamp.vocabulary import ChannelKind
from backstamp.worker.channels import mail, slack, webhook
from backstamp.worker.channels.destination import Destination
from backstamp.worker.config import OwnMailConfig

_SENDERS: Final[dict[ChannelKind, Callable[[Destination, Notice], None]]] = {
    ChannelKind.MAIL: mail.send,
    ChannelKind.WEBHOOK: webhook.send,
    ChannelKind.SLACK: slack.send,
}


def destination_of(channel: Channel, own_mail: OwnMailConfig | None) -> Destination:
    """Return where a channel leads."""
    return Destination(ChannelKind(channel.kind), channel.target, channel.secret, own_mail)


def send(destination: Destination, notice: Notice) -> None:
    """Send a notice, once. Blocks. Raises NotDeliveredError."""
    _SENDERS[destination.kind](destination, notice)
