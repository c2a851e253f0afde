"""A POST to an incoming webhook, whose URL is the secret."""

from backstamp.records.wording.notices import Notice
from backstamp.worker.channels.destination import Destination
from backstamp.worker.channels.json_posting import post_json
from backstamp.worker.channels.slack.payload import payload


def send(destination: Destination, notice: Notice) -> None:
    """Post a notice. Blocks. Raises NotDeliveredError."""
    post_json(destination.target, payload(notice))
