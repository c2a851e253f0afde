"""The policy as one request needs it: worked out when the snapshot changes, looked up when a hit comes."""

import re
from collections.abc import Mapping, Set
from typing import Final

import msgspec

from backstamp.edge.requests.own_forms import host_of
from backstamp.policy import (
    CHOSEN_ACTIONS,
    DomainPolicy,
    Kills,
    OwnList,
    PageWords,
    Protection,
    Snapshot,
    lists_for,
)
from backstamp.tokens import LinkToken
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import ClickAction

_LOGO: Final = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}", re.ASCII)
MOST_LOGO: Final = 131_072
"""Characters of a logo; it is in every page."""
_NOTHING_SET: Final = Protection()


class Guard(msgspec.Struct, frozen=True):
    """What is done about links of a domain's mail.

    `domain` is its name, `protection` what its administrator set, without what makes no sense at a click.
    """

    domain: str = ""
    protection: Protection = Protection()


NOBODY: Final = Guard()
"""Of mail of no domain that has a policy."""


class HitPolicy(msgspec.Struct, frozen=True):
    """What may be recorded, and which links no longer lead on.

    `with_kills` holds the tracking ids of all messages of which something is switched off: one look-up, and
    almost every link needs no other. `withdrawn` holds the recipient keys of those who took back their
    consent to opens: that also bites on mail that was sent before. Whose a link is, is known at ingest only:
    its token has a number for it. `guards` are what is done about links, by the domain's number in tokens;
    `own_domains` are the organisation's, which others imitate; `own_hosts` those by which we are asked.
    """

    record: bool = True
    keep_addresses: bool = False
    withdrawn: Set[bytes] = frozenset()
    kills: Kills = Kills()
    with_kills: frozenset[int] = frozenset()
    snapshot: Snapshot | None = None
    guards: Mapping[int, Guard] = {}
    own_domains: tuple[str, ...] = ()
    own_hosts: frozenset[str] = frozenset()

    @property
    def names_urls(self) -> bool:
        """Whether the policy itself has something against URLs, or for them, in whatever mail."""
        return bool(self.kills.expressions) or (self.snapshot is not None and bool(self.snapshot.own_lists))

    def is_killed(self, token: LinkToken) -> bool:
        """Return whether a link of one of the messages `with_kills` is switched off."""
        message, number = token.tracking_id, token.link_number
        recipient = NO_RECIPIENT if token.recipient_index is None else token.recipient_index
        return (
            message in self.kills.messages
            or (message, number) in self.kills.links
            or (message, number, recipient) in self.kills.tokens
        )

    def guard_of(self, token: LinkToken) -> Guard:
        """Return what is done about a link."""
        return self.guards.get(token.domain_id, NOBODY)

    def own_lists(self, token: LinkToken) -> tuple[OwnList, ...]:
        """Return the administrator's own lists that hold for a link, the narrowest first."""
        if self.snapshot is None:
            return ()
        domain = self.guard_of(token).domain
        return lists_for(self.snapshot, domain=domain, recipient_key=token.recipient_key)


MOST_PRIVATE: Final = HitPolicy()
"""What holds while there is no policy: hits are recorded, and no address is kept."""


def hit_policy(snapshot: Snapshot | None) -> HitPolicy:
    """Return what a snapshot says about hits."""
    if snapshot is None:
        return MOST_PRIVATE
    kills = snapshot.kills
    return HitPolicy(
        record=snapshot.enabled,
        keep_addresses=snapshot.keep_addresses,
        withdrawn=snapshot.consents.opens.withdrawn,
        kills=kills,
        with_kills=kills.messages.union(
            (link[0] for link in kills.links), (token[0] for token in kills.tokens)
        ),
        snapshot=snapshot,
        guards={domain.domain_id: _guard(domain) for domain in snapshot.domains.values()},
        own_domains=tuple(sorted(domain.name for domain in snapshot.domains.values())),
        own_hosts=frozenset(map(host_of, {snapshot.base_url(each) for each in snapshot.domains.values()}))
        | {host_of(snapshot.tracking_url)},
    )


def _guard(domain: DomainPolicy) -> Guard:
    """Return a domain's guard. What its administrator cannot have meant becomes a warning."""
    protection = domain.protection
    if protection == _NOTHING_SET:
        return Guard(domain.name)
    return Guard(
        domain.name,
        msgspec.structs.replace(
            protection,
            actions={threat: _meant(action) for threat, action in protection.actions.items()},
            unresolved=_meant(protection.unresolved),
            page=_page(protection.page),
        ),
    )


def _meant(action: ClickAction) -> ClickAction:
    return action if action in CHOSEN_ACTIONS else ClickAction.WARN


def _page(page: PageWords) -> PageWords:
    """Return what is added to pages, without a logo that is none: a page loads nothing from anywhere."""
    fits = len(page.logo) <= MOST_LOGO and _LOGO.fullmatch(page.logo) is not None
    return page if fits or not page.logo else msgspec.structs.replace(page, logo="")
