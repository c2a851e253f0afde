"""The closed set of signals: what can speak for a person or for a machine, and how much it weighs.

Certain signals decide alone, in the order of `rules.RULES`.  The others add up: a weight is in natural
logarithm of odds, above zero for a person, and each group of signals that tell the same thing is limited.
docs/verdicts.md has a row for every signal: evidence, and how it fails.
"""

from enum import StrEnum
from typing import Final

import msgspec

from backstamp.verdicts.wording import Sentence


class Group(StrEnum):
    """Signals that tell the same thing, so that together they may only weigh so much."""

    HEADERS = "headers"
    HISTORY = "history"
    TIMING = "timing"
    NETWORK = "network"
    CLIENT = "client"
    CROWD = "crowd"
    MESSAGE = "message"


GROUP_LIMIT: Final = {
    Group.HEADERS: 3.0,
    Group.HISTORY: 1.0,
    Group.TIMING: 1.0,
    Group.NETWORK: 3.0,
    Group.CLIENT: 3.0,
    Group.CROWD: 6.0,
    Group.MESSAGE: 4.0,
}
"""The most that a group may weigh, to either side."""


class SignalName(StrEnum):
    """Every signal by name."""

    # Certain: they decide alone.
    BEFORE_SENT = "before_sent"
    SENDER_COOKIE = "sender_cookie"
    SELF_VIEW_ANNOUNCED = "self_view_announced"
    SENDER_SESSION = "sender_session"
    SENDER_COPY_POSSIBLE = "sender_copy_possible"
    NOT_A_GET = "not_a_get"
    SPECULATIVE_FETCH = "speculative_fetch"
    OFFICE_PROBE = "office_probe"
    MALFORMED = "malformed_token"
    PREVIEW_BOT = "preview_bot"
    HIDDEN_LINK = "hidden_link"
    BEFORE_DELIVERY = "before_delivery"
    APPLE_PREFETCH = "apple_prefetch"
    BARE_MOZILLA = "bare_mozilla"
    GMAIL_PREFETCH = "gmail_prefetch"
    GOOGLE_IMAGE_PROXY = "google_image_proxy"
    GOOGLE_IMAGE_PROXY_UNVERIFIED = "google_image_proxy_unverified"
    MAIL_PROXY = "mail_proxy"
    MAIL_PROXY_TOO_EARLY = "mail_proxy_too_early"
    MAIL_PROXY_UNCLEAR = "mail_proxy_unclear"
    PROXY_ON_LINK = "proxy_on_link"
    SCANNER_NETWORK = "scanner_network"
    SCANNER_NAME = "scanner_name"
    PROGRAM = "program"
    NO_USER_AGENT = "no_user_agent"
    APPLE_MAIL_BY_RELAY = "apple_mail_by_relay"
    MAIL_PROGRAM = "mail_program"
    MAIL_PROGRAM_TOO_EARLY = "mail_program_too_early"

    # Adding up, for a person.
    DOCUMENT_ACCEPTED = "document_accepted"
    IMAGE_ACCEPTED = "image_accepted"
    LANGUAGE_GIVEN = "language_given"
    BROWSER_NAVIGATION = "browser_navigation"
    BROWSER_IMAGE = "browser_image"
    USER_ACTIVATION = "user_activation"
    OPENED_BEFORE = "opened_before"
    SAME_CLIENT_OPENED = "same_client_opened"
    MAIL_PROGRAM_FOLLOWED_LINK = "mail_program_followed_link"
    FORM_SENT = "form_sent"

    # Adding up, for a machine.
    NO_BROWSER_HEADERS = "no_browser_headers"
    WITHIN_2S = "within_2s"
    WITHIN_10S = "within_10s"
    WITHIN_60S = "within_60s"
    PROBABLE_SCANNER_NETWORK = "probable_scanner_network"
    HOSTING_NETWORK = "hosting_network"
    CLOUD_NETWORK = "cloud_network"
    BARE_CLIENT_ON_LINK = "bare_client_on_link"
    PHONE_LIBRARY_ON_LINK = "phone_library_on_link"
    UNKNOWN_PROGRAM_ON_LINK = "unknown_program_on_link"
    DEVICE_SERVICE = "device_service"
    OLD_BROWSER = "old_browser"
    LINK_PAIR = "link_pair"
    LINK_BURST = "link_burst"
    LINK_RUN = "link_run"
    LINKS_WITHIN_5S = "links_within_5s"
    EVERY_LINK = "every_link"
    SAME_SOURCE_CROWD = "same_source_crowd"
    SAME_SECOND_CROWD = "same_second_crowd"
    ECHO_OF_CLICK = "echo_of_click"
    CLICK_FOLLOWED = "click_followed"
    SAME_CLIENT_ELSEWHERE = "same_client_elsewhere"
    OPEN_AND_CLICK_AT_ONCE = "open_and_click_at_once"
    MESSAGE_BOUNCED = "message_bounced"

    # Nothing known.
    NO_EVIDENCE = "no_evidence"


class Weight(msgspec.Struct, frozen=True):
    """How much a signal weighs, and in which group."""

    group: Group
    weight: float


WEIGHTS: Final = {
    SignalName.DOCUMENT_ACCEPTED: Weight(Group.HEADERS, 1.0),
    SignalName.IMAGE_ACCEPTED: Weight(Group.HEADERS, 1.0),
    SignalName.LANGUAGE_GIVEN: Weight(Group.HEADERS, 1.0),
    SignalName.BROWSER_NAVIGATION: Weight(Group.HEADERS, 0.5),
    SignalName.BROWSER_IMAGE: Weight(Group.HEADERS, 1.0),
    SignalName.USER_ACTIVATION: Weight(Group.HEADERS, 0.5),
    SignalName.NO_BROWSER_HEADERS: Weight(Group.HEADERS, -1.0),
    SignalName.OPENED_BEFORE: Weight(Group.HISTORY, 0.5),
    SignalName.SAME_CLIENT_OPENED: Weight(Group.HISTORY, 0.5),
    SignalName.WITHIN_2S: Weight(Group.TIMING, -1.0),
    SignalName.WITHIN_10S: Weight(Group.TIMING, -0.75),
    SignalName.WITHIN_60S: Weight(Group.TIMING, -0.25),
    SignalName.PROBABLE_SCANNER_NETWORK: Weight(Group.NETWORK, -3.0),
    SignalName.HOSTING_NETWORK: Weight(Group.NETWORK, -1.0),
    SignalName.CLOUD_NETWORK: Weight(Group.NETWORK, -1.0),
    SignalName.MAIL_PROGRAM_FOLLOWED_LINK: Weight(Group.CLIENT, 2.0),
    SignalName.FORM_SENT: Weight(Group.CLIENT, 2.0),
    SignalName.BARE_CLIENT_ON_LINK: Weight(Group.CLIENT, -3.0),
    SignalName.PHONE_LIBRARY_ON_LINK: Weight(Group.CLIENT, -2.5),
    SignalName.UNKNOWN_PROGRAM_ON_LINK: Weight(Group.CLIENT, -2.0),
    SignalName.DEVICE_SERVICE: Weight(Group.CLIENT, -1.0),
    SignalName.OLD_BROWSER: Weight(Group.CLIENT, -1.0),
    SignalName.LINK_PAIR: Weight(Group.CROWD, -3.5),
    SignalName.LINK_BURST: Weight(Group.CROWD, -6.0),
    SignalName.LINK_RUN: Weight(Group.CROWD, -5.0),
    SignalName.LINKS_WITHIN_5S: Weight(Group.CROWD, -0.5),
    SignalName.EVERY_LINK: Weight(Group.CROWD, -2.0),
    SignalName.SAME_SOURCE_CROWD: Weight(Group.CROWD, -3.0),
    SignalName.SAME_SECOND_CROWD: Weight(Group.CROWD, -4.0),
    SignalName.ECHO_OF_CLICK: Weight(Group.CROWD, -3.0),
    SignalName.CLICK_FOLLOWED: Weight(Group.CROWD, -1.5),
    SignalName.SAME_CLIENT_ELSEWHERE: Weight(Group.CROWD, -2.5),
    SignalName.OPEN_AND_CLICK_AT_ONCE: Weight(Group.CROWD, -3.0),
    SignalName.MESSAGE_BOUNCED: Weight(Group.MESSAGE, -4.0),
}
"""The signals that add up.  A signal that is not here is certain."""


class Reason(msgspec.Struct, frozen=True):
    """One signal that was found: its name, what it weighed, and a sentence for people.

    A certain signal weighs what the verdict's score is.
    """

    signal: SignalName
    weight: float
    sentence: Sentence

    @property
    def text(self) -> str:
        """The sentence in English."""
        return str(self.sentence)
