"""The signals that add up, when no certain rule spoke."""

from collections.abc import Iterator
from typing import Final

from backstamp.verdicts.clients import Client, ClientKind
from backstamp.verdicts.context import Context
from backstamp.verdicts.facts import Facts
from backstamp.verdicts.networks import NETWORKS, NOT_SEEN, SHARED_ROLES, ListCertainty, NetworkRole
from backstamp.verdicts.signals import GROUP_LIMIT, WEIGHTS, Group, Reason, SignalName
from backstamp.verdicts.spans import ago

PROBABLE_NETWORK_SECONDS: Final = 1800.0
"""How long after delivery a probable scanner network speaks for a machine; later it carries people."""

OLD_BROWSER_DAYS: Final = 730
"""A browser this much older than its hit is seldom a person's."""

CROWD_RECIPIENTS: Final = 5
"""Recipients served by one source within a minute, from which it speaks for a machine."""

ECHO_SECONDS: Final = 600.0
"""How long after a click another network's fetch of the same link may be its echo."""

FOLLOWED_SECONDS: Final = 2.0
"""How soon after a click another network's fetch of the same link shows that the click was a check."""

OTHER_NETWORKS: Final = 2
"""Other networks that showed the same program within a minute, from which it speaks for a machine."""

_BACKGROUND_ROLES: Final = frozenset({NetworkRole.SCANNER, NetworkRole.CLOUD, NetworkRole.HOSTING})
_CLAIMS_A_BROWSER: Final = frozenset(
    {ClientKind.BROWSER, ClientKind.WEB_VIEW, ClientKind.APPLE_MAIL_MAC, ClientKind.APPLE_MAIL_IOS}
)

Found = tuple[SignalName, str]


def weigh(facts: Facts, context: Context, client: Client) -> tuple[float, tuple[Reason, ...]]:
    """Add up what speaks for a person and for a machine.

    Returns:
        The sum in natural logarithm of odds (above zero: a person), each group limited, and the reasons,
        the weightiest first.
    """
    reasons: list[Reason] = []
    sums: dict[Group, float] = {}
    for found in (_headers, _client, _timing, _network, _crowd, _history):
        for signal, text in found(facts, context, client):
            weight = WEIGHTS[signal]
            sums[weight.group] = sums.get(weight.group, 0.0) + weight.weight
            reasons.append(Reason(signal, weight.weight, text))
    total = sum(
        max(-GROUP_LIMIT[group], min(GROUP_LIMIT[group], amount)) for group, amount in sorted(sums.items())
    )
    reasons.sort(key=lambda reason: (-abs(reason.weight), reason.signal))
    return total, tuple(reasons)


def _headers(facts: Facts, context: Context, client: Client) -> Iterator[Found]:
    """The header fields a browser sends with a navigation, or with an image of a page."""
    headers = facts.headers
    accept = headers.get("accept", "").lower()
    plain = True
    if facts.event == "click" and "text/html" in accept:
        plain = False
        yield SignalName.DOCUMENT_ACCEPTED, "It asked for a page, as a browser does."
    if facts.event == "open" and "image/" in accept:
        plain = False
        yield SignalName.IMAGE_ACCEPTED, "It asked for an image, as a browser does."
    if headers.get("accept_language", "").strip():
        plain = False
        yield SignalName.LANGUAGE_GIVEN, "It named the reader's language."
    destination = headers.get("sec_fetch_dest", "").strip().lower()
    mode = headers.get("sec_fetch_mode", "").strip().lower()
    if facts.event == "click" and mode == "navigate" and destination == "document":
        plain = False
        yield SignalName.BROWSER_NAVIGATION, "The browser said that it went to a new page."
        if headers.get("sec_fetch_user", "").strip() == "?1":
            yield SignalName.USER_ACTIVATION, "The browser said that a person's act caused it."
    if facts.event == "open" and destination == "image":
        plain = False
        yield SignalName.BROWSER_IMAGE, "The browser said that it loaded an image of a page."
    if plain and client.kind in _CLAIMS_A_BROWSER:
        yield (
            SignalName.NO_BROWSER_HEADERS,
            f"It says it is {client.name}, but sent no browser's header fields.",
        )


def _client(facts: Facts, context: Context, client: Client) -> Iterator[Found]:
    if facts.event == "click":
        match client.kind:
            case ClientKind.MAIL_CLIENT:
                yield SignalName.MAIL_PROGRAM_FOLLOWED_LINK, f"{client.name} followed the link."
            case ClientKind.BARE_MOZILLA | ClientKind.GMAIL_PREFETCH:
                yield (
                    SignalName.BARE_CLIENT_ON_LINK,
                    f"The user agent is {client.name}, which no reader's browser is.",
                )
            case ClientKind.APP_LIBRARY:
                yield SignalName.PHONE_LIBRARY_ON_LINK, f"The user agent names {client.name}, not a browser."
            case ClientKind.OTHER if not _speaks_as_a_browser(facts):
                text = "The user agent names no browser, and no browser's header fields came with it."
                yield SignalName.UNKNOWN_PROGRAM_ON_LINK, text
            case _:
                pass
    if client.kind is ClientKind.SYSTEM_SERVICE:
        yield (
            SignalName.DEVICE_SERVICE,
            f"The user agent names {client.name}, which looks without being asked.",
        )
    age = context.browser_age_days
    if age is None and facts.day is not None and client.released_day is not None:
        age = facts.day - client.released_day
    if age is not None and age > OLD_BROWSER_DAYS and client.kind in _CLAIMS_A_BROWSER:
        yield SignalName.OLD_BROWSER, f"The browser it names was {age / 365:.1f} years old on that day."


def _speaks_as_a_browser(facts: Facts) -> bool:
    headers = facts.headers
    return (
        bool(headers.get("accept_language", "").strip()) or "text/html" in headers.get("accept", "").lower()
    )


def _timing(facts: Facts, context: Context, client: Client) -> Iterator[Found]:
    """Time since delivery: weak, and nothing where the reader sits waiting for the mail."""
    seconds = facts.seconds_since_delivery
    if seconds is None or context.message_kind == "transactional_requested":
        return
    text = f"It came {int(max(seconds, 0))} s after delivery."
    if seconds < 2:
        yield SignalName.WITHIN_2S, text
    elif seconds < 10:
        yield SignalName.WITHIN_10S, text
    elif seconds < 60:
        yield SignalName.WITHIN_60S, text


def _network(facts: Facts, context: Context, client: Client) -> Iterator[Found]:
    network = NETWORKS.get(facts.network)
    if network is None or not network.covers(facts.event):
        return
    if network.role is NetworkRole.HOSTING:
        yield SignalName.HOSTING_NETWORK, f"The address is in {network.name}."
    elif network.role is NetworkRole.CLOUD:
        yield SignalName.CLOUD_NETWORK, f"The address is in {network.name}."
    elif network.role is NetworkRole.SCANNER and network.certainty is ListCertainty.PROBABLE:
        seconds = facts.seconds_since_delivery
        if seconds is not None and seconds <= PROBABLE_NETWORK_SECONDS:
            text = f"The address is probably one of {network.name}, and it came within half an hour."
            yield SignalName.PROBABLE_SCANNER_NETWORK, text


def _crowd(facts: Facts, context: Context, client: Client) -> Iterator[Found]:
    """What the sibling hits tell."""
    network = NETWORKS.get(facts.network)
    role = None if network is None else network.role
    bare = not facts.headers.get("accept_language", "").strip()
    if facts.event == "click":
        yield from _burst(context)
    if role not in SHARED_ROLES:
        if context.recipients_same_source_60s >= CROWD_RECIPIENTS:
            text = (
                f"The same source acted for {context.recipients_same_source_60s} recipients within a minute."
            )
            yield SignalName.SAME_SOURCE_CROWD, text
        if context.recipients_same_second >= CROWD_RECIPIENTS:
            text = f"The same happened for {context.recipients_same_second} recipients in the same second."
            yield SignalName.SAME_SECOND_CROWD, text
    machinelike = bare or role is NetworkRole.HOSTING
    before = context.other_network_same_link_seconds_before
    if facts.event == "click" and before is not None and 0 <= before <= ECHO_SECONDS and machinelike:
        other = ", on another system" if context.os_differs_from_prior_click else ""
        text = f"Another network followed this link {ago(before)} before{other}: this looks like an echo."
        yield SignalName.ECHO_OF_CLICK, text
    after = context.other_network_same_link_seconds_after
    if facts.event == "click" and after is not None and 0 <= after <= FOLLOWED_SECONDS and bare:
        text = f"Another network followed this link {after:.1f} s later: this looks like a check before it."
        yield SignalName.CLICK_FOLLOWED, text
    elsewhere = context.same_user_agent_from_other_network_60s
    if elsewhere >= OTHER_NETWORKS and role not in SHARED_ROLES and machinelike:
        text = f"The same program came from {elsewhere} other networks within a minute."
        yield SignalName.SAME_CLIENT_ELSEWHERE, text
    together = (
        context.same_source_clicked_within_1s
        if facts.event == "open"
        else context.same_source_opened_within_1s
    )
    if together and (role in _BACKGROUND_ROLES or (bare and context.user_agents_from_source >= 2)):
        text = "The same source loaded the image and followed a link within a second."
        yield SignalName.OPEN_AND_CLICK_AT_ONCE, text
    if context.message_bounced:
        yield SignalName.MESSAGE_BOUNCED, "The mail came back as undeliverable, so nobody can have it."


def _burst(context: Context) -> Iterator[Found]:
    """Several links at once.  One link of one is no burst, however soon."""
    links = max(context.links_clicked_within_1s, context.links_clicked_within_2s)
    total = f" of {context.total_links}" if context.total_links else ""
    slower = context.links_clicked_within_5s
    if links >= 3:
        yield SignalName.LINK_BURST, f"{links}{total} links were followed within 2 s."
    elif slower >= 4:
        yield SignalName.LINK_BURST, f"{slower}{total} links were followed within 5 s."
    elif links == 2:
        yield SignalName.LINK_PAIR, f"2{total} links were followed within 2 s."
    elif slower >= 2:
        yield SignalName.LINKS_WITHIN_5S, f"{slower}{total} links were followed within 5 s."


def _history(facts: Facts, context: Context, client: Client) -> Iterator[Found]:
    """An earlier opening by the same recipient makes a click likelier a person's."""
    if facts.event != "click" or not context.opened_before:
        return
    yield SignalName.OPENED_BEFORE, "The image of this mail had been opened before."
    seconds = context.seconds_since_open
    if context.same_source_as_open and seconds is not None and seconds >= 2 and facts.network != NOT_SEEN:
        yield SignalName.SAME_CLIENT_OPENED, "The same source had opened the mail before."
