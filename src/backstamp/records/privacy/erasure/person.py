"""Erase one person (GDPR article 17): all that the records hold of a mail address, in whatever spelling.

In slices, so that ingest never waits long. Consent is withdrawn first, and a copy is marked with each slice
that takes something of it, so nothing new comes between; whoever is stopped in the middle begins again.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from backstamp.records.alerting import alerts
from backstamp.records.models import AlertPerson, Event
from backstamp.records.privacy.erasure import copies, entries, mentioning_rows
from backstamp.records.privacy.erasure.figures import Erased
from backstamp.records.privacy.erasure.mentions import Mentions
from backstamp.records.privacy.retention import delete_slice
from backstamp.tokens import Keyring
from backstamp.tokens.address_spelling import one_spelling


def _unheard(_: int) -> None:
    """Where nobody waits for the figure."""


def erase(
    address: str,
    keyring: Keyring,
    now: datetime | None = None,
    looked_through: Callable[[int], object] = _unheard,
) -> Erased | None:
    """Erase a person; return what was found, None where that is nothing.

    `looked_through` is told of each piece of the rows that are looked through for the person's address.
    Call `search.forget_deleted` and `retention.write_back` then. Raises `django.db.Error`; what is not yet
    erased waits for the next run.
    """
    at, key, mentions = now or datetime.now(UTC), keyring.recipient_key(address), Mentions(address)
    theirs, found = copies.of_person(key, mentions), Erased()
    strays = Event.objects.filter(named=key, recipient_index=None).order_by()
    naming = None
    if not (theirs or strays.exists() or entries.exist(key, mentions)):
        naming = mentioning_rows.naming(mentions, looked_through)
        if not any(rows for _, _, rows in naming):
            return None
    entries.withdraw(key, at)
    # By the copies' rows, which go below.
    spellings = {spelling for _, _, spelling in theirs} | {address, mentions.spelling}
    people = AlertPerson.objects.order_by().values_list("address", flat=True).distinct()
    spellings.update(spelling for spelling in people if one_spelling(spelling) == mentions.spelling)
    found.alerts = sum(map(alerts.forget_person, sorted(spellings - {""})))
    copies.erase([(message, index) for message, index, _ in theirs], at, found)
    while deleted := delete_slice(strays):
        found.events += deleted
    found.entries = entries.erase(key, mentions)
    if naming is None:
        naming = mentioning_rows.naming(mentions, looked_through)
    found.mentions = mentioning_rows.rewrite(naming, mentions)
    return found
