"""From the judged hits of one recipient to what can be said of that recipient.

"Opened" means: a person, or a provider's proxy for one, loaded the image; or a person clicked; or a
read receipt or a reply came.  It never means more than that.  The result depends only on the set of
hits, never on the order in which they came.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import blake2b
from operator import attrgetter
from typing import Final, Literal

import msgspec

from backstamp.vocabulary import PEOPLE, Actor, Hit

FOLD_US: Final = 30 * 60 * 1_000_000
"""Hits on one token by one client within half an hour are one act: proxies retry, readers scroll."""


class JudgedHit(msgspec.Struct, frozen=True, gc=False):
    """One hit after its verdict, or a read receipt or reply of the recipient.

    Attributes:
        at_us: microseconds since 1970 UTC.
        event: what it was; for "displayed" (read receipt) and "replied" the actor is HUMAN.
        actor: of the verdict.
        counts: of the verdict; a hit that does not count changes nothing here.
        link_number: of a click.
        client: from `client_signature`.
        by_apple: the verdict names Apple's fetching in advance.
    """

    at_us: int
    event: Literal["open", "click", "displayed", "replied"]
    actor: Actor
    counts: bool = True
    link_number: int | None = None
    client: bytes = b""
    by_apple: bool = False


class OpenState(StrEnum):
    """What can be said of the opening."""

    OPENED = "opened"
    POSSIBLY_OPENED = "possibly_opened"
    CANNOT_BE_MEASURED = "cannot_be_measured"
    NOT_OPENED = "not_opened"


class OpenBasis(StrEnum):
    """What an opening is known from; the first of several in time."""

    IMAGE = "image"
    PROXIED_IMAGE = "proxied_image"
    CLICK = "click"
    READ_RECEIPT = "read_receipt"
    REPLY = "reply"


class RecipientSummary(msgspec.Struct, gc=False):
    """What became of one recipient's copy, machines apart from people; counts are after folding.

    Of each run of the same act the first is counted; a run lasts half an hour from its first hit.

    Attributes:
        first: what the opening is first known from, if it is.
        first_clicked_at_us: the first click by a person.
        opens: image loads by people or proxies for them.
        clicks: by people.
        machine_opens: image loads by machines.
        machine_clicks: by machines.
        previews: by link previews: somebody shared the message.
        unknown_opens: opens that may be anyone's.
        unknown_clicks: clicks that may be anyone's.
        own_views: the sender's.
        by_apple: Apple fetched in advance.
    """

    first: JudgedHit | None = None
    first_clicked_at_us: int | None = None
    opens: int = 0
    clicks: int = 0
    machine_opens: int = 0
    machine_clicks: int = 0
    previews: int = 0
    unknown_opens: int = 0
    unknown_clicks: int = 0
    own_views: int = 0
    by_apple: bool = False

    @property
    def state(self) -> OpenState:
        """A click of unknown origin makes an opening possible; a machine's never does."""
        if self.first is not None:
            return OpenState.OPENED
        if self.unknown_opens or self.unknown_clicks:
            return OpenState.POSSIBLY_OPENED
        return OpenState.CANNOT_BE_MEASURED if self.by_apple else OpenState.NOT_OPENED

    @property
    def basis(self) -> OpenBasis | None:
        """What the opening is known from, if it is."""
        act = self.first
        if act is None:
            return None
        if act.event == "open":
            return OpenBasis.IMAGE if act.actor is Actor.HUMAN else OpenBasis.PROXIED_IMAGE
        return _BASIS[act.event]

    @property
    def first_opened_at_us(self) -> int | None:
        """The first sign of an opening."""
        return None if self.first is None else self.first.at_us

    def take(self, acts: Iterable[JudgedHit]) -> None:
        """Add acts in the order of time; fetches among them are over `FOLD_US` later than those before."""
        began: dict[tuple[str, int | None, bytes, Actor, bool], int] = {}
        for act in acts:
            if not act.counts:
                continue
            at_us, event, actor = act.at_us, act.event, act.actor
            key = (event, act.link_number, act.client, actor, act.by_apple)
            before = began.get(key)
            if before is not None and at_us - before <= FOLD_US:
                continue
            began[key] = at_us
            if act.by_apple:
                self.by_apple = True
            if actor in PEOPLE:
                if event == "open":
                    self.opens += 1
                elif event == "click":
                    self.clicks += 1
                    if self.first_clicked_at_us is None:
                        self.first_clicked_at_us = at_us
                first = self.first
                if first is None or (at_us <= first.at_us and _moment(act) < _moment(first)):
                    self.first = act
            elif actor in _MACHINES:
                if event == "open":
                    self.machine_opens += 1
                else:
                    self.machine_clicks += 1
            elif actor is Actor.UNKNOWN:
                if event == "open":
                    self.unknown_opens += 1
                else:
                    self.unknown_clicks += 1
            elif actor is Actor.PREVIEW_BOT:
                self.previews += 1
            else:
                self.own_views += 1


_BASIS: Final = {
    "click": OpenBasis.CLICK,
    "displayed": OpenBasis.READ_RECEIPT,
    "replied": OpenBasis.REPLY,
}
_MACHINES: Final = frozenset({Actor.PREFETCH, Actor.SCANNER})


def client_signature(hit: Hit) -> bytes:
    """Return 8 bytes that are equal for hits by the same client, as far as its header fields tell.

    The address is left out on purpose: a provider's proxy retries from another one.
    """
    return signature_of(hit.headers)


def signature_of(headers: Mapping[str, str]) -> bytes:
    """Return the `client_signature` of hits with these header fields."""
    fields = (headers.get("user_agent", ""), headers.get("accept_language", ""))
    text = "\n".join(fields).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=8).digest()


def summary_of(hits: Iterable[JudgedHit]) -> RecipientSummary:
    """Sum up all judged hits of one recipient's copy."""
    summary = RecipientSummary()
    summary.take(sorted(hits, key=_at))
    return summary


def _moment(act: JudgedHit) -> tuple[int, str, str]:
    """Order by time; the rest only makes ties come out the same whatever the order of arrival."""
    return act.at_us, act.event, act.actor


_at: Final = attrgetter("at_us")
