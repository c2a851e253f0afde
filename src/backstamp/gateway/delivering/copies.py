"""copies: a message as it came, and as it goes to its recipients."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import NamedTuple, Protocol

import msgspec

from backstamp.gateway.access import Party
from backstamp.gateway.protocol.reply import Reply
from backstamp.mail.header_section import HeaderSection
from backstamp.mail.patches import Patched
from backstamp.rewriting import ControlFields, MessageFacts
from backstamp.vocabulary import Origin


class Addressee(msgspec.Struct, frozen=True):
    """A recipient of the message: index in tokens, address, and whether a copy is to be made now."""

    index: int
    address: str
    wanted: bool


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it came, and all that is known of it.

    `header` is its `facts_header`, `at_us` in microseconds since 1970 UTC. `party` is whoever handed it in,
    and takes turns with the others where mail has to wait.
    """

    raw: bytes
    header: HeaderSection
    facts: MessageFacts
    controls: ControlFields
    origin: Origin
    party: Party
    reverse_path: str
    addressees: tuple[Addressee, ...]
    tracking_id: int
    trace_id: str
    at_us: int
    recorded: bool
    """Whether an earlier try has recorded it with these very addressees."""
    given_message_id: str = ""
    """What its copies are to have as Message-ID where it came without."""


class Copy(msgspec.Struct, frozen=True):
    """A message for some of the addressees, by their places in `Arrival.addressees`.

    `instead` gives what goes where our changes made it too large for the next hop. What is `withheld`
    does not go, for that reason.
    """

    places: tuple[int, ...]
    message: Patched
    instead: Callable[[], Patched] | None = None
    withheld: Reply | None = None


class Prepared(NamedTuple):
    """A message that is ready to go.

    `copies` has each wanted addressee once, but for those whose fate is `settled` before, by place. `whole`
    says that they all get the message as it came, `recorded` that the journal has its record.
    """

    whole: bool
    recorded: bool
    copies: AsyncIterator[Copy]
    settled: Mapping[int, Reply] = {}


class Preparer(Protocol):
    """Makes copies of what arrives."""

    async def prepare(self, arrival: Arrival) -> Prepared:
        """Decide, make the first copies, and write the record; never raises."""


async def as_it_came(arrival: Arrival) -> AsyncIterator[Copy]:
    """Yield the one copy that goes to all who want one."""
    places = tuple(place for place, each in enumerate(arrival.addressees) if each.wanted)
    if places:
        yield Copy(places, Patched(arrival.raw))
