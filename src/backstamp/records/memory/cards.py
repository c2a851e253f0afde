"""What ingest must know of messages and recipients: read once, then kept in step with what is written."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from backstamp.records.database.instants import day_of, read
from backstamp.records.database.keyed_selects import as_it_is, select_for_keys
from backstamp.records.events.tally import decode as decode_tally
from backstamp.records.models import DeliveryState
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import Direction

_BOUNCED: Final = DeliveryState.BOUNCED.value
TROUBLES: Final = frozenset({DeliveryState.DEFERRED, DeliveryState.REJECTED, DeliveryState.BOUNCED})
"""Deliveries that the list shows as trouble."""

RECEIVED: Final = "received/"
"""Before the measures of received mail."""

_MESSAGES: Final = (
    f"SELECT m.tracking_id, m.domain_id, {as_it_is('m.queued_at')}, m.opens_tracked, "
    "u.opened, u.clicked, u.troubled, u.tally, m.direction, "
    "(SELECT COUNT(*) FROM records_link l WHERE l.message_id = m.tracking_id), "
    "(SELECT MIN(r.sent_at) FROM records_recipient r WHERE r.message_id = m.tracking_id) "
    "FROM keys CROSS JOIN records_message m "
    "LEFT JOIN records_messagerollup u ON u.message_id = m.tracking_id "
    "WHERE m.tracking_id = keys.m"
)
_RECIPIENT: Final = (
    f'r.message_id, r."index", r.recipient_key, {as_it_is("r.sent_at")}, r.delivery, '
    "r.opened_at IS NOT NULL, r.clicked_at IS NOT NULL"
)
_BY_KEY: Final = (
    f"SELECT {_RECIPIENT} FROM keys CROSS JOIN records_recipient r "
    "WHERE r.message_id = keys.m AND r.recipient_key = keys.k"
)
_BY_INDEX: Final = (
    f"SELECT {_RECIPIENT} FROM keys CROSS JOIN records_recipient r "
    'WHERE r.message_id = keys.m AND r."index" = keys.r'
)


class RecipientCard(msgspec.Struct, eq=False):
    """A recipient: its key, when the next hop took its copy, and what its row says."""

    index: int
    key: bytes
    sent_at_us: int | None
    delivery: str
    opened: bool
    clicked: bool

    @property
    def bounced(self) -> bool:
        """Whether the copy came back."""
        return self.delivery == _BOUNCED

    @property
    def troubled(self) -> bool:
        """Whether the list shows it as trouble."""
        return self.delivery in TROUBLES


class Card(msgspec.Struct, eq=False):
    """A message, and those of its recipients that were asked for; counts as in its roll-up.

    `received` mail has no roll-up, for it is in no list of what was sent, and days count it apart.
    """

    message: int
    domain_id: int
    day: str
    queued_at_us: int
    opens_tracked: bool
    total_links: int
    first_sent_at_us: int | None
    opened: int
    clicked: int
    troubled: int
    tally: dict[str, int]
    received: bool = False
    by_key: dict[bytes, int] = {}
    by_index: dict[int, RecipientCard | None] = {}

    def measure(self, name: str) -> str:
        """Return the measure of `day_counts` for what happened to this message, from the one of sent mail."""
        return RECEIVED + name if self.received else name


def read_cards(messages: Iterable[int]) -> dict[int, Card]:
    """Return the cards of those of these messages that the records hold."""
    cards = {}
    for row in select_for_keys(_MESSAGES, ("m",), ((message,) for message in messages)):
        message, domain_id, queued_at, opens_tracked, opened, clicked, troubled, tally = row[:8]
        direction, links, sent_at = row[8:]
        at_us = read(queued_at)
        cards[message] = Card(
            message,
            domain_id,
            day_of(at_us),
            at_us,
            bool(opens_tracked),
            links,
            None if sent_at is None else read(sent_at),
            opened or 0,
            clicked or 0,
            troubled or 0,
            decode_tally(tally or "{}"),
            direction == Direction.INBOUND,
        )
    return cards


def read_recipients(
    cards: dict[int, Card], keys: Iterable[tuple[int, bytes]], indexes: Iterable[tuple[int, int]]
) -> None:
    """Note on the cards who these recipients are; one that is not there is noted as nobody in particular."""
    wanted_keys, wanted_indexes = list(keys), list(indexes)
    for message, key in wanted_keys:
        cards[message].by_key[key] = NO_RECIPIENT
    for message, index in wanted_indexes:
        cards[message].by_index.setdefault(index, None)
    for statement, column, wanted in ((_BY_KEY, "k", wanted_keys), (_BY_INDEX, "r", wanted_indexes)):
        for row in select_for_keys(statement, ("m", column), wanted):
            card, recipient = cards[row[0]], _recipient(row)
            if card.by_index.get(recipient.index) is None:
                card.by_index[recipient.index] = recipient
            if statement is _BY_KEY:
                known = card.by_key.get(recipient.key, NO_RECIPIENT)
                card.by_key[recipient.key] = min(known, recipient.index)


def _recipient(row: tuple[Any, ...]) -> RecipientCard:
    _, index, key, sent_at, delivery, opened, clicked = row
    sent_at_us = None if sent_at is None else read(sent_at)
    return RecipientCard(index, bytes(key), sent_at_us, delivery, bool(opened), bool(clicked))
