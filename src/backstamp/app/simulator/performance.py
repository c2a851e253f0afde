"""One simulation: mails go out through the gateway, and what is in each copy is acted upon."""

import smtplib
import time
from collections.abc import Callable
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Final

import msgspec

from backstamp.app.simulator.cast import Mailbox, the_cast
from backstamp.app.simulator.copies import TrackedCopy, tracked_copy
from backstamp.app.simulator.playing import Played, Request, Stage
from backstamp.app.simulator.schedule import acts_of, mailboxes_for
from backstamp.mail.sample import sample_message
from backstamp.records.models import CapturedMail
from backstamp.tokens import Keyring

SENDER: Final = "simulator@example.com"
SMTP_SECONDS: Final = 30.0
COLLEAGUES: Final = 20
"""Recipients of one made-up company."""


class NotTrackedError(Exception):
    """The mails come out of the gateway without image and links; the text says what to do."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `gateway` and `edge` are host and port, `host` that of the tracking URL.

    `duration` is in seconds, `rate` in requests per second.
    """

    recipients: int
    seed: int
    duration: float
    rate: float
    gateway: tuple[str, int]
    edge: tuple[str, int]
    host: str
    captured: Path


def perform(
    plan: Plan, ring: Keyring, tell: Callable[[Played], None], progress: Callable[[int], None]
) -> None:
    """Send and act; `tell` gets every request made, `progress` the number of recipients just dealt with.

    Raises `NotTrackedError`, `OSError`, `smtplib.SMTPException`.
    """
    stage = Stage(plan.edge, plan.host, plan.rate, tell)
    number = 0
    last = CapturedMail.objects.order_by("-id").values_list("id", flat=True).first() or 0
    try:
        with smtplib.SMTP(*plan.gateway, timeout=SMTP_SECONDS) as client:
            for index, mailbox in enumerate(mailboxes_for(the_cast(), plan.recipients, plan.seed)):
                address = f"r{index}@company{index // COLLEAGUES}.example"
                message_id = make_msgid(domain="simulator.example")
                subject = f"Simulated reader {index + 1}: {mailbox.name}"
                message = sample_message(SENDER, address, message_id, formatdate(), subject)
                client.sendmail(SENDER, [address], message)
                delivered = time.time()
                last, copy = _copy_to(address, last, plan.captured, ring)
                for request in _requests(plan, mailbox, copy, index, delivered, number):
                    stage.add(request)
                    number += 1
                stage.play_until(time.time())
                progress(1)
        stage.play_until(None)
    finally:
        stage.close()


def _copy_to(address: str, last: int, folder: Path, ring: Keyring) -> tuple[int, TrackedCopy]:
    mail = CapturedMail.objects.filter(id__gt=last, forward_path=address).order_by("-id").first()
    if mail is None:
        raise NotTrackedError("the mail did not reach the test mailbox; is this the server of this data_dir?")
    copy = tracked_copy((folder / mail.file_name).read_bytes(), ring)
    if copy is None or not copy.pixel or not copy.links:
        raise NotTrackedError(
            "the mail left the gateway without image or links; see its page in the console "
            '(consent.mode = "objection" tracks recipients who said nothing)'
        )
    return mail.pk, copy


def _requests(
    plan: Plan, mailbox: Mailbox, copy: TrackedCopy, index: int, delivered: float, number: int
) -> list[Request]:
    acts = acts_of(the_cast(), mailbox, len(copy.links), plan.duration, f"{plan.seed} {index}")
    return [
        Request(
            delivered + act.seconds,
            number + place,
            copy.tracking_id,
            None if act.link is None else copy.links[act.link][0],
            copy.pixel if act.link is None else copy.links[act.link][1],
            act,
        )
        for place, act in enumerate(acts)
    ]
