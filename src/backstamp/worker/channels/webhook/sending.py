"""A signed POST."""

import time

from backstamp.records.wording.notices import Notice
from backstamp.worker.channels.destination import Destination
from backstamp.worker.channels.json_posting import post_json
from backstamp.worker.channels.webhook.payload import payload
from backstamp.worker.channels.webhook.signing import signed_headers


def send(destination: Destination, notice: Notice) -> None:
    """Post a notice. Blocks. Raises NotDeliveredError."""
    body = payload(notice)
    headers = signed_headers(destination.secret, notice.event_id, int(time.time()), body)
    post_json(destination.target, body, headers)
