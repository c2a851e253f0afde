"""What an erasure came to."""

import msgspec


class Erased(msgspec.Struct, kw_only=True):
    """What was found of a person, in numbers.

    `messages` went altogether, `shared` lost this recipient, `mentions` are rows of others that named the
    address, `entries` those of suppression and other lists, consents, reports and wishes.
    """

    messages: int = 0
    shared: int = 0
    events: int = 0
    alerts: int = 0
    entries: int = 0
    mentions: int = 0
