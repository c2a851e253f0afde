"""Who did what of which an alert tells: kept up to a limit, those who did something before all others."""

from collections.abc import Iterable, Mapping
from typing import Final

from django.db.models import Case, QuerySet, Value, When

from backstamp.records.alerting.occurrences import RECEIVED, Occurrence, Person
from backstamp.records.database.bulk import insert_new
from backstamp.records.database.instants import stored, within
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.database.texts import clean
from backstamp.records.models import LONGEST_ADDRESS, AlertPerson

MOST_PEOPLE: Final = 10_000
"""So many people are kept with an alert; it says when there may have been more."""

_PEOPLE: Final = ("alert_id", "message_id", "recipient_index", "address", "act", "at")
_KEPT: Final = (
    "SELECT p.alert_id, COUNT(*) FROM keys CROSS JOIN records_alertperson p WHERE p.alert_id = keys.a "
    "GROUP BY p.alert_id"
)
_THERE: Final = (
    "SELECT p.message_id, p.recipient_index, p.act FROM keys CROSS JOIN records_alertperson p WHERE "
    "p.alert_id = keys.a AND p.message_id = keys.m AND p.recipient_index = keys.r AND p.act = keys.t"
)


def people_of(alert: int) -> QuerySet[AlertPerson]:
    """Return who is kept with an alert: first those who did something, by time, then who only received."""
    only_received = Case(When(act=RECEIVED, then=Value(1)), default=Value(0))
    return AlertPerson.objects.filter(alert_id=alert).order_by(only_received, "at", "pk")


def keep_people(stories: Mapping[int, Iterable[Occurrence]]) -> None:
    """Keep the people of occurrences with their alerts (numbers), each once.

    An alert about old mail comes in pieces: who followed a link in the last of them takes the place of
    somebody who only received it.
    """
    kept = dict(select_for_keys(_KEPT, ("a",), ((pk,) for pk in stories)))
    rows = []
    for pk, story in stories.items():
        people: dict[tuple[int, int, str], Person] = {}
        for person in sorted((person for each in story for person in each.people), key=_importance):
            people.setdefault((person.message, person.recipient, person.act), person)
        room = max(0, MOST_PEOPLE - kept.get(pk, 0))
        if len(people) > room:
            # Nobody gives way to who did the same once more.
            acts = ((pk, *who) for who in people if who[2] != RECEIVED)
            for there in set(select_for_keys(_THERE, ("a", "m", "r", "t"), acts)):
                del people[there]
            acted = sum(person.act != RECEIVED for person in people.values())
            room += _give_way(pk, acted - room) if acted > room else 0
        rows += [_row(pk, person) for person in list(people.values())[:room]]
    insert_new("records_alertperson", _PEOPLE, rows)


def _give_way(alert: int, number: int) -> int:
    """Take some of those out of an alert who only received; return how many."""
    receivers = AlertPerson.objects.filter(alert_id=alert, act=RECEIVED).order_by("-pk")
    last = list(receivers.values_list("pk", flat=True)[:number])
    return AlertPerson.objects.filter(pk__in=last).delete()[0] if last else 0


def _importance(person: Person) -> tuple[bool, int]:
    """Who did something comes before who only received."""
    return person.act == RECEIVED, person.at_us


def _row(alert: int, person: Person) -> tuple[object, ...]:
    at = stored(within(person.at_us))
    return alert, person.message, person.recipient, clean(person.address, LONGEST_ADDRESS), person.act, at
