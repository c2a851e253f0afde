"""To the next hop, as all of the worker's own mail."""

from datetime import UTC, datetime

from backstamp.records.wording.notices import Notice
from backstamp.worker.channels.destination import Destination
from backstamp.worker.channels.errors import NotDeliveredError
from backstamp.worker.channels.mail.message import alert_mail
from backstamp.worker.onward import NotTakenError, hand_on, in_ascii


def send(destination: Destination, notice: Notice) -> None:
    """Mail a notice. Blocks. Raises NotDeliveredError."""
    own_mail = destination.own_mail
    if own_mail is None:
        raise NotDeliveredError("this worker sends no mail")
    message = alert_mail(own_mail.sender, destination.target, notice, datetime.now(UTC))
    try:
        # Answers by machines and bounces go nowhere: a null reverse path (RFC 3834 §3.3).
        hand_on(own_mail.next_hop, "", in_ascii(destination.target), message)
    except NotTakenError as error:
        raise NotDeliveredError(f"the next hop: {error}", permanent=error.permanent) from None
