"""since_judged: what an alert said of people, and later verdicts say of machines."""

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db.models import Q

from backstamp.records.alerting.occurrences import MACHINES, RECEIVED, REPORTED
from backstamp.records.models import AlertPerson, Event
from backstamp.vocabulary import Actor


def machines_since(people: Iterable[AlertPerson]) -> dict[int, Actor]:
    """Return who of these, by key, is by now judged a machine in all that was done with that copy.

    An alert is raised within seconds, a verdict settles after minutes, when the siblings of a click are
    known. Whoever did the same as a person too, with whatever link of the mail, stays one.
    """
    asked: dict[tuple[int, int | None, str], AlertPerson] = {
        (each.message_id, each.recipient_index, each.act): each
        for each in people
        if each.act not in (RECEIVED, REPORTED)
    }
    if not asked:
        return {}
    wanted = [
        Q(message_id=message, recipient_index=recipient, type=act, at__gte=each.at)
        for (message, recipient, act), each in asked.items()
    ]
    actors: dict[int, set[Actor]] = {}
    rows = Event.objects.filter(reduce(or_, wanted)).order_by()
    for message, recipient, act, actor in rows.values_list(
        "message_id", "recipient_index", "type", "actor"
    ).distinct():
        actors.setdefault(asked[message, recipient, act].pk, set()).add(Actor(actor))
    return {pk: min(found) for pk, found in actors.items() if found <= MACHINES}
