"""The labelled hits of `BACKSTAMP_CORPUS`, where that is at hand."""

import json
from collections import Counter

from backstamp.verdicts import verdict
from backstamp.verdicts.reading import read_hit
from backstamp.vocabulary import PEOPLE, Actor
from tests.corpus import corpus

MACHINES = frozenset({Actor.PREFETCH, Actor.SCANNER, Actor.PREVIEW_BOT})
ACTOR_OF_LABEL = {
    "human_open": Actor.HUMAN,
    "human_click": Actor.HUMAN,
    "proxied_human_open": Actor.PROXIED_HUMAN,
    "prefetch_open": Actor.PREFETCH,
    "scanner_click": Actor.SCANNER,
    "preview_bot": Actor.PREVIEW_BOT,
    "self_view": Actor.SELF,
    "unknown": Actor.UNKNOWN,
}


def test_no_person_is_called_a_machine_and_the_machines_are_caught() -> None:
    table: Counter[tuple[str, str]] = Counter()
    persons_lost, machines, caught, wrong = [], 0, 0, []
    for line in corpus("hits-dev.jsonl").read_bytes().splitlines():
        labels = json.loads(line)
        _, facts, context = read_hit(line)
        actor = verdict(facts, context).actor
        expected = ACTOR_OF_LABEL[labels["expected"]]
        table[expected.value, actor.value] += 1
        if expected in PEOPLE and actor in MACHINES:
            persons_lost.append(labels["id"])
        if expected in MACHINES:
            machines += 1
            caught += actor in MACHINES
        if actor not in {expected, *(ACTOR_OF_LABEL[label] for label in labels.get("also_acceptable") or ())}:
            wrong.append(labels["id"])
    shown = "\n".join(f"{was:>14} judged {said:<14} {count}" for (was, said), count in sorted(table.items()))
    assert not persons_lost, f"{persons_lost}\n{shown}"
    assert caught >= 0.97 * machines, f"{caught} of {machines}\n{shown}"
    assert not wrong, f"{wrong}\n{shown}"
