"""The certain rules: tried in order, the first that speaks decides.

The order is that of docs/verdicts.md: the sender's own views, fetches that are none, link previews,
what no person can do, the mail layer, known scanners.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from backstamp.verdicts.clients import Client, ClientKind
from backstamp.verdicts.context import Context
from backstamp.verdicts.facts import Facts, is_speculative
from backstamp.verdicts.networks import (
    NETWORKS,
    NOT_SEEN,
    ListCertainty,
    Network,
    NetworkRole,
    network_of_ptr,
)
from backstamp.verdicts.signals import SignalName
from backstamp.verdicts.wording import Sentence, sentence
from backstamp.vocabulary import Actor

SELF_VIEW_SECONDS: Final = 5.0
"""How long an announced own view stays good."""

HIDDEN_LINK_SECONDS: Final = 10.0
"""How near a hit on the hidden link marks the other hits of its source."""

MALFORMED_TOKEN_SECONDS: Final = 10.0
"""How near a hit with a malformed token does."""

PROXY_EARLIEST_SECONDS: Final = 5.0
"""A provider's proxy this soon after delivery may have come by itself."""

MAIL_PROGRAM_EARLIEST_SECONDS: Final = 60.0
"""Mac Mail's string this soon after delivery may be a fetch in advance."""

WEB_VIEW_EARLIEST_SECONDS: Final = 10.0
"""The same for the web view of a phone's mail program."""

DELIVERY_SLACK_SECONDS: Final = 1.0
"""How much a hit may come before the recorded delivery and still be after it."""

_PROXIES: Final = frozenset({ClientKind.GOOGLE_IMAGE_PROXY, ClientKind.MAIL_PROXY, ClientKind.UNCLEAR_PROXY})
_PROGRAMS: Final = frozenset({ClientKind.SCANNER, ClientKind.TOOL, ClientKind.CRAWLER})


class Finding(msgspec.Struct, frozen=True):
    """What a certain rule says: the actor, the signal, the sentence; `likely` where it may yet be wrong."""

    actor: Actor
    signal: SignalName
    text: Sentence
    likely: bool = False
    counts: bool = True


def machine_of(event: str) -> Actor:
    """A machine that loads the image fetched it ahead of the reader; one that follows a link scans it."""
    return Actor.PREFETCH if event == "open" else Actor.SCANNER


def own_view(facts: Facts, context: Context, client: Client) -> Finding | None:
    """Step 1: the sender looks at the own message."""
    if context.before_sent or context.message_state == "draft":
        return Finding(Actor.SELF, SignalName.BEFORE_SENT, sentence("This came before the message was sent."))
    if context.sender_cookie:
        return Finding(
            Actor.SELF, SignalName.SENDER_COOKIE, sentence("This carried the sender's own signed cookie.")
        )
    announced = context.self_view_announced_seconds_before
    if announced is not None and 0 <= announced <= SELF_VIEW_SECONDS:
        text = sentence("The sender announced an own view {seconds} s before.", seconds=f"{announced:.1f}")
        return Finding(Actor.SELF, SignalName.SELF_VIEW_ANNOUNCED, text)
    if context.same_source_as_sender_session:
        if context.same_user_agent_as_sender_session:
            text = sentence("The same program at the same address is signed in as the sender.")
            return Finding(Actor.SELF, SignalName.SENDER_SESSION, text, likely=True)
        if context.same_user_agent_as_sender_session is None and context.tracked_copy_in_sent_folder:
            text = sentence(
                "The sender's own mailbox holds a tracked copy, and this came from the sender's address."
            )
            return Finding(Actor.UNKNOWN, SignalName.SENDER_COPY_POSSIBLE, text)
    return None


def not_a_fetch(facts: Facts, context: Context, client: Client) -> Finding | None:
    """Step 2: requests that no person's reading makes; they are kept, and never counted."""
    method = facts.method.upper()
    actor = Actor.PREVIEW_BOT if client.kind is ClientKind.PREVIEW_BOT else machine_of(facts.event)
    if context.malformed_token:
        text = sentence("The address had a piece of markup behind it: a machine cut it out of the message.")
        return Finding(actor, SignalName.MALFORMED, text, counts=False)
    if client.kind is ClientKind.OFFICE_PROBE:
        text = sentence(
            "Microsoft Office asked whether the link exists; the browser's own request is what counts."
        )
        return Finding(Actor.UNKNOWN, SignalName.OFFICE_PROBE, text, counts=False)
    if method != "GET" and not facts.form_sent:
        text = sentence("The method was {method}: the content was not asked for.", method=repr(method[:12]))
        if context.browser_get_same_source_seconds_after is not None:
            return Finding(Actor.UNKNOWN, SignalName.NOT_A_GET, text, counts=False)
        return Finding(actor, SignalName.NOT_A_GET, text, counts=False)
    if is_speculative(facts.headers) or client.kind is ClientKind.PREFETCH_SERVICE:
        text = sentence("The browser said that it loaded this in advance, before anyone asked for it.")
        return Finding(actor, SignalName.SPECULATIVE_FETCH, text, counts=False)
    followed = context.browser_get_same_source_seconds_after
    if facts.event == "click" and client.kind is ClientKind.MAIL_CLIENT and followed is not None:
        text = sentence(
            "{client} handed the link to the browser, which followed it {seconds} s later.",
            client=client.name,
            seconds=f"{followed:.1f}",
        )
        return Finding(Actor.UNKNOWN, SignalName.OFFICE_PROBE, text, counts=False)
    return None


def preview(facts: Facts, context: Context, client: Client) -> Finding | None:
    """Step 3: link previews of chat programs and social networks."""
    if client.kind is not ClientKind.PREVIEW_BOT:
        return None
    if facts.event == "open":
        text = sentence("The user agent names a link preview: somebody shared the image.")
    elif context.link_shared_after_human_click:
        text = sentence(
            "The user agent names a link preview: somebody shared the link after a person clicked it."
        )
    else:
        text = sentence("The user agent names a link preview: somebody shared the link.")
    return Finding(Actor.PREVIEW_BOT, SignalName.PREVIEW_BOT, text)


def impossible(facts: Facts, context: Context, client: Client) -> Finding | None:
    """Step 4: what no reader can do."""
    machine = machine_of(facts.event)
    if context.honeypot_link:
        return Finding(machine, SignalName.HIDDEN_LINK, sentence("This link is hidden: no reader sees it."))
    apart = context.honeypot_same_source_seconds
    if apart is not None and abs(apart) <= HIDDEN_LINK_SECONDS:
        text = sentence(
            "The same source followed a hidden link {seconds} s apart.", seconds=f"{abs(apart):.0f}"
        )
        return Finding(machine, SignalName.HIDDEN_LINK, text)
    apart = context.malformed_token_same_source_seconds
    if apart is not None and abs(apart) <= MALFORMED_TOKEN_SECONDS:
        text = sentence(
            "The same source asked for an address with markup behind it {seconds} s apart.",
            seconds=f"{abs(apart):.0f}",
        )
        return Finding(machine, SignalName.MALFORMED, text, likely=True)
    seconds = facts.seconds_since_delivery
    if context.before_delivered or (seconds is not None and seconds < -DELIVERY_SLACK_SECONDS):
        return Finding(
            machine, SignalName.BEFORE_DELIVERY, sentence("This came before the mail was delivered.")
        )
    return None


def mail_layer(facts: Facts, context: Context, client: Client) -> Finding | None:
    """Step 5: mailbox providers' proxies and prefetches."""
    if client.kind in _PROXIES and facts.event == "click":
        text = sentence("{client} fetches images; it has no business with a link.", client=client.name)
        return Finding(Actor.UNKNOWN, SignalName.PROXY_ON_LINK, text)
    if facts.event == "click":
        return None
    match client.kind:
        case ClientKind.BARE_MOZILLA:
            return _bare_mozilla(facts)
        case ClientKind.GMAIL_PREFETCH:
            text = sentence(
                "Gmail fetched the image in advance; a reader's own opening is seen apart from this."
            )
            return Finding(Actor.PREFETCH, SignalName.GMAIL_PREFETCH, text)
        case ClientKind.GOOGLE_IMAGE_PROXY:
            return _google_image_proxy(facts)
        case ClientKind.MAIL_PROXY:
            return _mail_proxy(facts, client)
        case ClientKind.UNCLEAR_PROXY:
            text = sentence(
                "{client} loaded the image; whether it waits for a reader is not known.", client=client.name
            )
            return Finding(Actor.UNKNOWN, SignalName.MAIL_PROXY_UNCLEAR, text)
        case _:
            return None


def _bare_mozilla(facts: Facts) -> Finding:
    network = NETWORKS.get(facts.network)
    if network is not None and network.role is NetworkRole.RELAY:
        text = sentence("Apple fetched the image in advance: whether anyone opened the mail cannot be told.")
        return Finding(Actor.PREFETCH, SignalName.APPLE_PREFETCH, text)
    text = sentence("The user agent is only Mozilla/5.0, which no reader's program sends.")
    return Finding(Actor.PREFETCH, SignalName.BARE_MOZILLA, text)


def _google_image_proxy(facts: Facts) -> Finding | None:
    by_name = _network_by_name(facts)
    confirmed = by_name is not None and by_name.role is NetworkRole.IMAGE_PROXY
    network = NETWORKS.get(facts.network)
    if confirmed or (network is not None and network.role is NetworkRole.IMAGE_PROXY):
        text = sentence("Gmail's proxy loaded the image, which it does when the reader opens the mail.")
        sure = confirmed or (network is not None and network.certainty is ListCertainty.CERTAIN)
        return Finding(Actor.PROXIED_HUMAN, SignalName.GOOGLE_IMAGE_PROXY, text, likely=not sure)
    if facts.network == NOT_SEEN:
        text = sentence("Gmail's proxy loaded the image, by its user agent; the address was not given.")
        return Finding(Actor.PROXIED_HUMAN, SignalName.GOOGLE_IMAGE_PROXY, text, likely=True)
    if _scanner_network(facts) is not None:
        return None
    text = sentence("The user agent says Gmail's image proxy, but the address is not one of Google's.")
    return Finding(Actor.UNKNOWN, SignalName.GOOGLE_IMAGE_PROXY_UNVERIFIED, text)


def _mail_proxy(facts: Facts, client: Client) -> Finding | None:
    if _scanner_network(facts) is not None:
        return None
    seconds = facts.seconds_since_delivery
    if seconds is not None and seconds < PROXY_EARLIEST_SECONDS:
        text = sentence(
            "{client} loaded the image {seconds} s after delivery, perhaps by itself.",
            client=client.name,
            seconds=int(max(seconds, 0)),
        )
        return Finding(Actor.UNKNOWN, SignalName.MAIL_PROXY_TOO_EARLY, text)
    text = sentence("{client} loaded the image for the reader.", client=client.name)
    return Finding(Actor.PROXIED_HUMAN, SignalName.MAIL_PROXY, text, likely=True)


def scanner(facts: Facts, context: Context, client: Client) -> Finding | None:
    """Step 6: networks, names and programs of machines."""
    machine = machine_of(facts.event)
    network = _scanner_network(facts)
    if network is not None:
        return Finding(
            machine,
            SignalName.SCANNER_NETWORK,
            sentence("The address belongs to {network}.", network=network.name),
        )
    by_name = _network_by_name(facts)
    if by_name is not None and by_name.role is NetworkRole.SCANNER:
        text = sentence("The confirmed name of the address belongs to {network}.", network=by_name.name)
        return Finding(machine, SignalName.SCANNER_NAME, text)
    if client.kind in _PROGRAMS:
        return Finding(
            machine, SignalName.PROGRAM, sentence("The user agent names {client}.", client=client.name)
        )
    if client.kind is ClientKind.NONE:
        text = sentence("No user agent was sent, which every reader's program does.")
        return Finding(machine, SignalName.NO_USER_AGENT, text, likely=facts.event == "open")
    return None


def _network_by_name(facts: Facts) -> Network | None:
    return network_of_ptr(facts.certain_rdns) if facts.certain_rdns else None


def _scanner_network(facts: Facts) -> Network | None:
    network = NETWORKS.get(facts.network)
    if (
        network is not None
        and network.role is NetworkRole.SCANNER
        and network.certainty is ListCertainty.CERTAIN
        and network.covers(facts.event)
    ):
        return network
    return None


def mail_program(facts: Facts, context: Context, client: Client) -> Finding | None:
    """Step 7: the reader's own mail program loads the image on view.

    A probable scanner network or sibling hits that speak of a machine leave the case to the evidence.
    """
    if facts.event == "click":
        return None
    network = NETWORKS.get(facts.network)
    seconds = facts.seconds_since_delivery
    match client.kind:
        case ClientKind.MAIL_CLIENT:
            earliest = 0.0
        case ClientKind.APPLE_MAIL_MAC:
            earliest = MAIL_PROGRAM_EARLIEST_SECONDS
        case ClientKind.APPLE_MAIL_IOS | ClientKind.WEB_VIEW:
            earliest = WEB_VIEW_EARLIEST_SECONDS
        case _:
            return None
    if (
        network is not None
        and network.role is NetworkRole.RELAY
        and client.kind is not ClientKind.MAIL_CLIENT
    ):
        text = sentence(
            "Apple Mail's user agent by Apple's relay: in advance or for a reader cannot be told."
        )
        return Finding(Actor.UNKNOWN, SignalName.APPLE_MAIL_BY_RELAY, text)
    if seconds is not None and seconds < earliest:
        text = sentence(
            "{client} loaded the image {seconds} s after delivery, perhaps by itself.",
            client=client.name,
            seconds=int(max(seconds, 0)),
        )
        return Finding(Actor.UNKNOWN, SignalName.MAIL_PROGRAM_TOO_EARLY, text)
    text = sentence("{client} loaded the image, which it does when the mail is opened.", client=client.name)
    return Finding(Actor.HUMAN, SignalName.MAIL_PROGRAM, text, likely=True)


RULES: Final[tuple[Callable[[Facts, Context, Client], Finding | None], ...]] = (
    own_view,
    not_a_fetch,
    preview,
    impossible,
    mail_layer,
    scanner,
    mail_program,
)
"""The certain rules in their order."""
