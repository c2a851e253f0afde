"""May this message be tracked for this recipient?  One function, and a reason for every no."""

from enum import StrEnum

import msgspec

from backstamp.policy.consents import Consent, ConsentState
from backstamp.policy.snapshot import Axes, Snapshot
from backstamp.tokens.address_spelling import one_spelling
from backstamp.vocabulary import ConsentMode, Origin


class OffReason(StrEnum):
    """Why an axis is off, in the words that a person is shown."""

    ALL_OFF = "tracking is switched off for the whole installation"
    NO_POLICY = "the policy could not be read, so nothing is tracked"
    DOMAIN = "switched off for the sender's domain"
    SENDER = "switched off for this sender"
    MESSAGE = "switched off by the message's own header field"
    DEFAULT = "off by default for mail that comes this way"
    NO_CONSENT = "the recipient has not consented"
    WITHDRAWN = "the recipient has withdrawn consent"


class ControlAxes(msgspec.Struct, frozen=True):
    """What the message itself asks for by its `X-Backstamp-Opens` and `X-Backstamp-Links` fields."""

    opens: bool | None = None
    links: bool | None = None


class Decision(msgspec.Struct, frozen=True):
    """What is done for one recipient; a reason is None exactly where its axis is on."""

    opens_off: OffReason | None = None
    links_off: OffReason | None = None

    @property
    def opens(self) -> bool:
        """Whether a pixel is added."""
        return self.opens_off is None

    @property
    def links(self) -> bool:
        """Whether links are rewritten."""
        return self.links_off is None

    @property
    def untracked_reason(self) -> str:
        """Why nothing at all is tracked, as a sentence's end; empty where something is."""
        if self.opens_off is None or self.links_off is None:
            return ""
        if self.opens_off == self.links_off:
            return self.opens_off.value
        return f"opens: {self.opens_off.value}; links: {self.links_off.value}"


def decide(
    snapshot: Snapshot | None,
    *,
    origin: Origin,
    sender: str,
    recipient_key: bytes,
    asked: ControlAxes = ControlAxes(),
) -> Decision:
    """Decide both axes for one recipient.

    `sender` is the addr-spec of the From field (its domain is the sender domain). An "off" of the
    domain or the sender is a ceiling; below it the message's own field decides, then the nearest
    level that says something. Consent comes last and can only take away. Without a snapshot nobody's
    consent can be looked up: nothing is tracked.
    """
    if snapshot is None:
        return Decision(OffReason.NO_POLICY, OffReason.NO_POLICY)
    if not snapshot.enabled:
        return Decision(OffReason.ALL_OFF, OffReason.ALL_OFF)
    sender = one_spelling(sender)
    domain = snapshot.domain(sender.rpartition("@")[2]).axes
    person = snapshot.senders.get(sender, Axes())
    default = snapshot.origins.get(origin, Axes())
    consent = snapshot.consents.get(recipient_key, Consent())
    mode = snapshot.consent_mode
    return Decision(
        _axis(asked.opens, person.opens, domain.opens, default.opens) or _consent(mode, consent.opens),
        _axis(asked.links, person.links, domain.links, default.links) or _consent(mode, consent.links),
    )


def _axis(
    asked: bool | None, sender: bool | None, domain: bool | None, default: bool | None
) -> OffReason | None:
    if domain is False:
        return OffReason.DOMAIN
    if sender is False:
        return OffReason.SENDER
    if asked is False:
        return OffReason.MESSAGE
    wish = next((level for level in (asked, sender, domain, default) if level is not None), False)
    return None if wish else OffReason.DEFAULT


def _consent(mode: ConsentMode, state: ConsentState | None) -> OffReason | None:
    if state is ConsentState.WITHDRAWN:
        return OffReason.WITHDRAWN
    if state is None and mode is ConsentMode.REQUIRED:
        return OffReason.NO_CONSENT
    return None
