"""since_judged: what an alert said of people, and later verdicts say of machines."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

from django.db.models import Count

from backstamp.records.alerting.occurrences import MACHINES, RECEIVED, REPORTED
from backstamp.records.database.instants import microseconds, read
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.models import AlertPerson
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import Actor

MOST_JUDGED: Final = 50
"""Of an alert about more people who did something nobody says that all of them are machines."""
_ACTORS: Final = (
    "SELECT e.message_id, e.recipient_index, e.type, e.actor, MAX(e.at) "
    "FROM keys CROSS JOIN records_event e WHERE e.message_id = keys.m "
    "GROUP BY e.message_id, e.recipient_index, e.type, e.actor"
)


def machines_since(people: Iterable[AlertPerson]) -> dict[int, Actor]:
    """Return who of these, by key, is by now judged a machine in all that was done with that copy.

    An alert is raised within seconds, a verdict settles after minutes, when the siblings of a click are
    known. Whoever did the same as a person too, with whatever link of the mail, stays one.
    """
    asked: dict[tuple[int, int, str], list[AlertPerson]] = defaultdict(list)
    for each in people:
        if each.act not in (RECEIVED, REPORTED):
            asked[each.message_id, each.recipient_index, each.act].append(each)
    actors: dict[int, set[Actor]] = defaultdict(set)
    messages = {(message,) for message, _, _ in asked}
    for message, recipient, act, actor, last in select_for_keys(_ACTORS, ("m",), messages):
        place = NO_RECIPIENT if recipient is None else recipient
        for each in asked.get((message, place, act), ()):
            if read(last) >= microseconds(each.at):
                actors[each.pk].add(Actor(actor))
    return {pk: min(found) for pk, found in actors.items() if found <= MACHINES}


def only_machines(alerts: Iterable[int]) -> set[int]:
    """Return those of alerts in which somebody did something, and all who did are by now judged machines."""
    acted = AlertPerson.objects.filter(alert_id__in=list(alerts)).exclude(act=RECEIVED)
    counts = acted.order_by().values_list("alert_id").annotate(number=Count("pk"))
    few = {pk: number for pk, number in counts if number <= MOST_JUDGED}
    people = list(acted.filter(alert_id__in=list(few)))
    judged = machines_since(people)
    machines = Counter(each.alert_id for each in people if each.pk in judged)
    return {pk for pk, number in few.items() if machines[pk] == number}
