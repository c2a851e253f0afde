"""The signals that add up, when no certain rule spoke."""

from collections.abc import Iterator
from typing import Final

from backstamp.verdicts.clients import Client, ClientKind
from backstamp.verdicts.context import Context
from backstamp.verdicts.crowds import MOST_RECIPIENTS
from backstamp.verdicts.facts import Facts
from backstamp.verdicts.networks import NETWORKS, NOT_SEEN, SHARED_ROLES, ListCertainty, NetworkRole
from backstamp.verdicts.signals import GROUP_LIMIT, WEIGHTS, Group, Reason, SignalName
from backstamp.verdicts.spans import ago
from backstamp.verdicts.wording import Sentence, sentence

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

EVERY_LINK_OF: Final = 5
"""Links of a mail, from which nobody goes through all of them, the footer's too, in half a minute."""

OTHER_NETWORKS: Final = 2
"""Other networks that showed the same program within a minute, from which it speaks for a machine."""

_BACKGROUND_ROLES: Final = frozenset({NetworkRole.SCANNER, NetworkRole.CLOUD, NetworkRole.HOSTING})
_CLAIMS_A_BROWSER: Final = frozenset(
    {ClientKind.BROWSER, ClientKind.WEB_VIEW, ClientKind.APPLE_MAIL_MAC, ClientKind.APPLE_MAIL_IOS}
)

Found = tuple[SignalName, Sentence]


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
    plain = True
    if facts.event == "click" and _asks_for_a_page(facts):
        plain = False
        yield SignalName.DOCUMENT_ACCEPTED, sentence("It asked for a page, as a browser does.")
    if facts.event == "open" and "image/" in headers.get("accept", "").lower():
        plain = False
        yield SignalName.IMAGE_ACCEPTED, sentence("It asked for an image, as a browser does.")
    if _names_a_language(facts):
        plain = False
        yield SignalName.LANGUAGE_GIVEN, sentence("It named the reader's language.")
    destination = headers.get("sec_fetch_dest", "").strip().lower()
    mode = headers.get("sec_fetch_mode", "").strip().lower()
    if facts.event == "click" and mode == "navigate" and destination == "document":
        plain = False
        yield SignalName.BROWSER_NAVIGATION, sentence("The browser said that it went to a new page.")
        if headers.get("sec_fetch_user", "").strip() == "?1":
            yield SignalName.USER_ACTIVATION, sentence("The browser said that a person's act caused it.")
    if facts.event == "open" and destination == "image":
        plain = False
        yield SignalName.BROWSER_IMAGE, sentence("The browser said that it loaded an image of a page.")
    if plain and client.kind in _CLAIMS_A_BROWSER:
        yield (
            SignalName.NO_BROWSER_HEADERS,
            sentence("It says it is {client}, but sent no browser's header fields.", client=client.name),
        )


def _client(facts: Facts, context: Context, client: Client) -> Iterator[Found]:
    if facts.form_sent:
        yield SignalName.FORM_SENT, sentence("The button of the page before the link was pressed.")
    if facts.event == "click":
        match client.kind:
            case ClientKind.MAIL_CLIENT:
                yield (
                    SignalName.MAIL_PROGRAM_FOLLOWED_LINK,
                    sentence("{client} followed the link.", client=client.name),
                )
            case ClientKind.BARE_MOZILLA | ClientKind.GMAIL_PREFETCH:
                yield (
                    SignalName.BARE_CLIENT_ON_LINK,
                    sentence("The user agent is {client}, which no reader's browser is.", client=client.name),
                )
            case ClientKind.APP_LIBRARY:
                yield (
                    SignalName.PHONE_LIBRARY_ON_LINK,
                    sentence("The user agent names {client}, not a browser.", client=client.name),
                )
            case ClientKind.OTHER if not (_asks_for_a_page(facts) or _names_a_language(facts)):
                text = sentence(
                    "The user agent names no browser, and no browser's header fields came with it."
                )
                yield SignalName.UNKNOWN_PROGRAM_ON_LINK, text
            case _:
                pass
    if client.kind is ClientKind.SYSTEM_SERVICE:
        yield (
            SignalName.DEVICE_SERVICE,
            sentence("The user agent names {client}, which looks without being asked.", client=client.name),
        )
    age = context.browser_age_days
    if age is None and facts.day is not None and client.released_day is not None:
        age = facts.day - client.released_day
    if age is not None and age > OLD_BROWSER_DAYS and client.kind in _CLAIMS_A_BROWSER:
        yield (
            SignalName.OLD_BROWSER,
            sentence("The browser it names was {years} years old on that day.", years=f"{age / 365:.1f}"),
        )


def _asks_for_a_page(facts: Facts) -> bool:
    accept = facts.headers.get("accept", "").lower()
    return "text/html" in accept or "text/*" in accept


def _names_a_language(facts: Facts) -> bool:
    return facts.headers.get("accept_language", "").strip() != ""


def _timing(facts: Facts, context: Context, client: Client) -> Iterator[Found]:
    """Time since delivery: weak, and nothing where the reader sits waiting for the mail."""
    seconds = facts.seconds_since_delivery
    if seconds is None or context.message_kind == "transactional_requested":
        return
    text = sentence("It came {seconds} s after delivery.", seconds=int(max(seconds, 0)))
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
        yield SignalName.HOSTING_NETWORK, sentence("The address is in {network}.", network=network.name)
    elif network.role is NetworkRole.CLOUD:
        yield SignalName.CLOUD_NETWORK, sentence("The address is in {network}.", network=network.name)
    elif network.role is NetworkRole.SCANNER and network.certainty is ListCertainty.PROBABLE:
        seconds = facts.seconds_since_delivery
        if seconds is not None and seconds <= PROBABLE_NETWORK_SECONDS:
            text = sentence(
                "The address is probably one of {network}, and it came within half an hour.",
                network=network.name,
            )
            yield SignalName.PROBABLE_SCANNER_NETWORK, text


def _crowd(facts: Facts, context: Context, client: Client) -> Iterator[Found]:
    """What the sibling hits tell."""
    network = NETWORKS.get(facts.network)
    role = None if network is None else network.role
    bare = not _names_a_language(facts)
    if facts.event == "click":
        yield from _burst(context)
    if role not in SHARED_ROLES:
        if context.recipients_same_source_60s >= CROWD_RECIPIENTS:
            yield SignalName.SAME_SOURCE_CROWD, _same_source(context.recipients_same_source_60s)
        if context.recipients_same_second >= CROWD_RECIPIENTS:
            yield SignalName.SAME_SECOND_CROWD, _same_second(context.recipients_same_second)
    machinelike = bare or role is NetworkRole.HOSTING
    before = context.other_network_same_link_seconds_before
    if facts.event == "click" and before is not None and 0 <= before <= ECHO_SECONDS and machinelike:
        text = sentence(
            "Another network followed this link {time} before: this looks like an echo.", time=ago(before)
        )
        if context.os_differs_from_prior_click:
            text = sentence(
                "Another system elsewhere followed this link {time} before: this looks like an echo.",
                time=ago(before),
            )
        yield SignalName.ECHO_OF_CLICK, text
    after = context.other_network_same_link_seconds_after
    if facts.event == "click" and after is not None and 0 <= after <= FOLLOWED_SECONDS and bare:
        text = sentence(
            "Another network followed this link {seconds} s later: this looks like a check before it.",
            seconds=f"{after:.1f}",
        )
        yield SignalName.CLICK_FOLLOWED, text
    elsewhere = context.same_user_agent_from_other_network_60s
    if elsewhere >= OTHER_NETWORKS and role not in SHARED_ROLES and machinelike:
        text = sentence(
            "The same program came from {number} other networks within a minute.", number=elsewhere
        )
        yield SignalName.SAME_CLIENT_ELSEWHERE, text
    together = (
        context.same_source_clicked_within_1s
        if facts.event == "open"
        else context.same_source_opened_within_1s
    )
    if together and (role in _BACKGROUND_ROLES or (bare and context.user_agents_from_source >= 2)):
        text = sentence("The same source loaded the image and followed a link within a second.")
        yield SignalName.OPEN_AND_CLICK_AT_ONCE, text
    if context.message_bounced:
        yield (
            SignalName.MESSAGE_BOUNCED,
            sentence("The mail came back as undeliverable, so hardly anybody can have it."),
        )


def _same_source(recipients: int) -> Sentence:
    if recipients == MOST_RECIPIENTS:
        return sentence(
            "The same source acted for {number} recipients or more within a minute.", number=recipients
        )
    return sentence("The same source acted for {number} recipients within a minute.", number=recipients)


def _same_second(recipients: int) -> Sentence:
    if recipients == MOST_RECIPIENTS:
        return sentence(
            "The same happened for {number} recipients or more in the same second.", number=recipients
        )
    return sentence("The same happened for {number} recipients in the same second.", number=recipients)


def _burst(context: Context) -> Iterator[Found]:
    """Several links at once.  One link of one is no burst, however soon."""
    links = max(context.links_clicked_within_1s, context.links_clicked_within_2s)
    known = context.total_links
    slower = context.links_clicked_within_5s
    if links >= 3:
        yield SignalName.LINK_BURST, _links(links, known, 2)
    elif slower >= 4:
        yield SignalName.LINK_RUN, _links(slower, known, 5)
    elif links == 2:
        yield SignalName.LINK_PAIR, _links(links, known, 2)
    else:
        if slower >= 2:
            yield SignalName.LINKS_WITHIN_5S, _links(slower, known, 5)
        if EVERY_LINK_OF <= known <= context.links_clicked_within_30s:
            yield SignalName.EVERY_LINK, _links(context.links_clicked_within_30s, known, 30)


def _links(links: int, known: int, seconds: int) -> Sentence:
    if known:
        return sentence(
            "{links} of {all} links were followed within {seconds} s.",
            links=links,
            all=known,
            seconds=seconds,
        )
    return sentence("{links} links were followed within {seconds} s.", links=links, seconds=seconds)


def _history(facts: Facts, context: Context, client: Client) -> Iterator[Found]:
    """An earlier opening by the same recipient makes a click likelier a person's."""
    if facts.event != "click" or not context.opened_before:
        return
    yield SignalName.OPENED_BEFORE, sentence("The image of this mail had been opened before.")
    seconds = context.seconds_since_open
    if context.same_source_as_open and seconds is not None and seconds >= 2 and facts.network != NOT_SEEN:
        yield SignalName.SAME_CLIENT_OPENED, sentence("The same source had opened the mail before.")
