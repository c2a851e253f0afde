"""A pixel and links by hand, for a mail that is written and sent elsewhere."""

import html
from typing import Final

import ada_url
import msgspec

from backstamp.journal.writer import JournalWriter
from backstamp.mail.addresses import is_mail_address
from backstamp.mail.pixel_markup import pixel_markup
from backstamp.policy import ControlAxes, Snapshot, decide
from backstamp.tokens import ANONYMOUS, Keyring, UnsealableUrlError, seal_link, seal_pixel
from backstamp.vocabulary import Origin, Queued, QueuedLink, QueuedRecipient

MAX_LINKS: Final = 100
LONGEST_LABEL: Final = 200


class ManualTrackingError(ValueError):
    """What was asked for cannot be made; the message is one line for the person who asked."""


class NothingTrackedError(ManualTrackingError):
    """What was asked for would do, but nothing may be tracked."""


class ManualLink(msgspec.Struct, frozen=True):
    """A link made by hand: where it leads, and what to write in the mail instead."""

    number: int
    url: str
    tracked_url: str


class ManualTracking(msgspec.Struct, frozen=True, kw_only=True):
    """What to put into the mail. `pixel_url` is empty, or `links` are, where that axis is forbidden."""

    tracking_id: int
    pixel_url: str = ""
    links: tuple[ManualLink, ...] = ()

    @property
    def pixel_html(self) -> str:
        """The pixel as an HTML element, or an empty text."""
        if not self.pixel_url:
            return ""
        source = html.escape(self.pixel_url, quote=True)
        return pixel_markup(source)


def create_manual(
    journal: JournalWriter,
    ring: Keyring,
    snapshot: Snapshot | None,
    *,
    label: str,
    sender: str,
    recipient: str,
    urls: tuple[str, ...],
    now_us: int,
    tracking_id: int,
) -> ManualTracking:
    """Record a message written elsewhere, and return what to put into it.

    `label` is its subject on screen, `sender` the addr-spec whose domain's policy holds, `recipient` an
    addr-spec or empty, `urls` the links to track, `now_us` microseconds since 1970 UTC, `tracking_id` a
    fresh random unsigned 64-bit number. The person asks for tracking by the very act; the policy and the
    recipient's consent can still forbid it. Raises `ManualTrackingError` (`NothingTrackedError` where the
    policy is in the way), `JournalUnavailableError`.
    """
    if not label.strip():
        raise ManualTrackingError("give the mail a name, so that you find it again")
    for address in (sender, recipient):
        if address and not is_mail_address(address):
            raise ManualTrackingError(f"{address[:80]!r} is no mail address")
    if len(urls) > MAX_LINKS:
        raise ManualTrackingError(f"{len(urls)} links are too many; at most {MAX_LINKS}")
    key = ring.recipient_key(recipient) if recipient else ANONYMOUS
    decision = decide(
        snapshot,
        origin=Origin.MANUAL,
        sender=sender,
        recipient_key=key,
        asked=ControlAxes(opens=True, links=True if urls else None),
    )
    if decision.untracked_reason or snapshot is None:
        raise NothingTrackedError(f"nothing may be tracked: {decision.untracked_reason}")
    links = tuple(QueuedLink(number, _target(url)) for number, url in enumerate(urls))
    domain = snapshot.domain(sender.rpartition("@")[2])
    if snapshot.anonymous or domain.anonymous:
        key = ANONYMOUS
    queued = Queued(
        at_us=now_us,
        tracking_id=tracking_id,
        origin=Origin.MANUAL,
        domain_id=domain.domain_id,
        recipients=(QueuedRecipient(0, recipient, key),) if recipient else (),
        subject=label.strip()[:LONGEST_LABEL],
        sender=sender,
        opens=decision.opens,
        links=decision.links and bool(links),
        tracked_links=links if decision.links else (),
    )
    made = manual_tracking(ring, snapshot, queued)
    journal.append_synced(queued)
    return made


def manual_tracking(ring: Keyring, snapshot: Snapshot, queued: Queued) -> ManualTracking:
    """Return what to put into a mail that was recorded before: tokens are made of the facts alone.

    Raises `ManualTrackingError` for a link that is too long to be sealed.
    """
    base = snapshot.base_url(snapshot.domain(queued.sender.rpartition("@")[2]))
    key = queued.recipients[0].recipient_key if queued.recipients else ANONYMOUS
    pixel = seal_pixel(ring, domain_id=queued.domain_id, tracking_id=queued.tracking_id, recipient_key=key)
    return ManualTracking(
        tracking_id=queued.tracking_id,
        pixel_url=f"{base}/{pixel}" if queued.opens else "",
        links=tuple(
            ManualLink(
                link.number,
                link.url,
                f"{base}/{_link_token(ring, queued, link, None if key == ANONYMOUS else 0)}",
            )
            for link in queued.tracked_links
        ),
    )


def _link_token(ring: Keyring, queued: Queued, link: QueuedLink, recipient_index: int | None) -> str:
    try:
        return seal_link(
            ring,
            domain_id=queued.domain_id,
            tracking_id=queued.tracking_id,
            recipient_index=recipient_index,
            link_number=link.number,
            url=link.url,
        )
    except UnsealableUrlError as error:
        raise ManualTrackingError(f"link {link.number + 1}: {error}") from None


def _target(text: str) -> str:
    """Return the URL as a browser would request it (WHATWG)."""
    try:
        url = ada_url.URL(text.strip())
    except ValueError:
        raise ManualTrackingError(f"not a web address: {text.strip()[:80]!r}") from None
    if url.protocol not in ("http:", "https:"):
        raise ManualTrackingError(f"only http and https links can be tracked, not {text.strip()[:80]!r}")
    return url.href
