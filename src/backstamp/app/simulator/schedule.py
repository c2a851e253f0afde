"""Who does what, and when: the same for the same seed.

A run is shorter than the hours in which people read, so reading is spread evenly over its length. Bursts of
machines, and what follows upon a reading, keep their real seconds; so no label is bent by the haste.
"""

import random
from ipaddress import IPv4Address, IPv4Network
from typing import Final

import msgspec

from backstamp.app.simulator.cast import After, Cast, Mailbox, Player, Step, What
from backstamp.vocabulary import Actor

EARLIEST_READING: Final = 20.0
"""No simulated person reads sooner after delivery, in seconds; real ones may (12 s for a login code)."""

BURST_SECONDS: Final = 1.0
"""Within this time a machine asks for all links of a mail (gophish 2646: the same second)."""


class Act(msgspec.Struct, frozen=True):
    """One request: `seconds` after delivery, for the image or for a link (its place in the mail)."""

    seconds: float
    actor: str
    truth: Actor
    link: int | None
    address: str
    headers: dict[str, str]


def mailboxes_for(cast: Cast, recipients: int, seed: int) -> list[Mailbox]:
    """Return a mailbox for each recipient: shares as in the cast, each kind at least once if it fits."""
    kinds = list(cast.mailbox)
    chosen = kinds[:recipients]
    dice = random.Random(f"{seed} mailboxes")  # noqa: S311 - to be repeatable
    chosen += dice.choices(kinds, [kind.share for kind in kinds], k=recipients - len(chosen))
    dice.shuffle(chosen)
    return chosen


def acts_of(cast: Cast, mailbox: Mailbox, links: int, duration: float, key: str) -> list[Act]:
    """Return what happens to one copy of `links` links, in order of time; `key` is seed and recipient."""
    dice = random.Random(key)  # noqa: S311 - to be repeatable
    reading = dice.uniform(EARLIEST_READING, max(EARLIEST_READING, duration))
    guises = {step.actor: _guise(cast.player(step.actor), dice) for step in mailbox.steps}
    acts: list[Act] = []
    starts: dict[str, float] = {}
    for step in mailbox.steps:
        happens, start = dice.random() < step.chance, _start(step, reading, duration, dice)
        if step.after is After.ARRIVAL:  # image and links belong to one burst
            start = starts.setdefault(step.actor, start)
        if happens:
            acts += _acts(cast, step, guises[step.actor], links, start, dice)
    return sorted(acts, key=lambda act: act.seconds)


def _guise(player: Player, dice: random.Random) -> tuple[str, str]:
    network = IPv4Network(dice.choice(player.networks))
    offset = dice.randrange(network.num_addresses)
    return str(IPv4Address(int(network.network_address) + offset)), dice.choice(player.user_agents)


def _start(step: Step, reading: float, duration: float, dice: random.Random) -> float:
    drawn = dice.uniform(*step.seconds)
    match step.after:
        case After.ARRIVAL:
            return drawn
        case After.READING:
            return reading + drawn
        case After.WHENEVER:
            return dice.uniform(2.0, max(2.0, duration))


def _acts(
    cast: Cast, step: Step, guise: tuple[str, str], links: int, start: float, dice: random.Random
) -> list[Act]:
    player = cast.player(step.actor)
    address, user_agent = guise
    opening = step.what is What.OPEN
    headers = cast.headers[player.open_headers if opening else player.click_headers]
    seen = headers | {"user-agent": user_agent}
    truth = player.open if opening else player.click
    return [
        Act(start + late, player.name, truth, link, address, seen)
        for link, late in _targets(step.what, links, dice)
    ]


def _targets(what: What, links: int, dice: random.Random) -> list[tuple[int | None, float]]:
    if what is What.OPEN:
        return [(None, 0.0)]
    if not links:
        return []
    match what:
        case What.CLICK_FIRST:
            return [(0, 0.0)]
        case What.CLICK_ONE:
            return [(dice.randrange(links), 0.0)]
        case What.CLICK_ALL:
            return [(link, dice.uniform(0, BURST_SECONDS)) for link in range(links)]
