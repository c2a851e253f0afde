"""The cast of a simulation: actors, and the kinds of mailboxes in which they act, read from `cast.toml`."""

from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files

import msgspec

from backstamp.vocabulary import Actor


class What(StrEnum):
    """What an actor does with a mail."""

    OPEN = "open"
    CLICK_FIRST = "click_first"
    CLICK_ONE = "click_one"
    CLICK_ALL = "click_all"


class After(StrEnum):
    """From when a step's seconds are counted."""

    ARRIVAL = "arrival"
    READING = "reading"
    WHENEVER = "whenever"


class Player(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An actor: its true labels, and what the edge sees of it."""

    name: str
    open: Actor
    click: Actor
    open_headers: str
    click_headers: str
    networks: tuple[str, ...]
    user_agents: tuple[str, ...]
    source: str
    date: date


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that an actor does; `seconds` is the range from which its time is drawn."""

    actor: str
    what: What
    after: After
    seconds: tuple[float, float] = (0.0, 0.0)
    chance: float = 1.0


class Mailbox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of recipient."""

    name: str
    share: int
    steps: tuple[Step, ...]


class Cast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that `cast.toml` says."""

    headers: dict[str, dict[str, str]]
    actor: tuple[Player, ...]
    mailbox: tuple[Mailbox, ...]

    def player(self, name: str) -> Player:
        """Return the actor of this name. Raises `KeyError`."""
        return {each.name: each for each in self.actor}[name]


@cache
def the_cast() -> Cast:
    """Return the cast that comes with the program."""
    text = files("backstamp.app.simulator").joinpath("cast.toml").read_bytes()
    return msgspec.toml.decode(text, type=Cast)
