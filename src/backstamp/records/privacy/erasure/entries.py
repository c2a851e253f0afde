"""What is kept of a person beside mail: consents, list entries, wishes, reports."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from backstamp.policy import ConsentState
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.models import (
    Consent,
    ListWish,
    OwnListEntry,
    ProtectionException,
    RecordsRequest,
    Suppression,
    UnmatchedReport,
)
from backstamp.records.privacy.erased_copies import BY_ERASURE
from backstamp.records.privacy.erasure.mentions import Mentions
from backstamp.tokens.address_spelling import one_spelling


def withdraw(key: bytes, at: datetime) -> None:
    """Let nothing be recorded any more of mail that is out; only the pseudonym is kept for that."""
    withdrawn = ConsentState.WITHDRAWN.value
    with one_at_a_time():
        rows = Consent.objects.filter(recipient_key=key)
        if not rows.filter(recorded_by=BY_ERASURE, address=key.hex()).exists():
            rows.filter(address=key.hex()).delete()
            Consent.objects.create(
                address=key.hex(),
                recipient_key=key,
                opens=withdrawn,
                links=withdrawn,
                evidence=f"{at:%Y-%m-%d %H:%M:%S} UTC: erased",
                recorded_by=BY_ERASURE,
            )


def _entries(key: bytes, mentions: Mentions) -> Iterator[Any]:
    """Yield the rows that go, a query for each table."""
    yield Consent.objects.filter(recipient_key=key).exclude(recorded_by=BY_ERASURE)
    yield ListWish.objects.filter(recipient_key=key)
    yield RecordsRequest.objects.filter(recipient_key=key)
    yield OwnListEntry.objects.filter(scope=key.hex())
    excepted = ProtectionException.objects.exclude(kind=ProtectionException.Kind.HOST)
    yield excepted.filter(pk__in=_theirs(excepted.values_list("pk", "value"), mentions))
    reports = UnmatchedReport.objects.values_list("pk", "addresses", "text", "reporter", "findings")
    yield UnmatchedReport.objects.filter(pk__in=[pk for pk, *told in reports if mentions.in_any(told)])


def _theirs(rows: Iterable[tuple[int, str]], mentions: Mentions) -> list[int]:
    return [pk for pk, address in rows if one_spelling(address) == mentions.spelling]


def _suppressions(key: bytes) -> Any:
    return Suppression.objects.filter(recipient_key=key).exclude(address="", evidence="")


def exist(key: bytes, mentions: Mentions) -> bool:
    """Whether anything is kept of the person beside mail."""
    return _suppressions(key).exists() or any(rows.exists() for rows in _entries(key, mentions))


@one_at_a_time()
def erase(key: bytes, mentions: Mentions) -> int:
    """Delete what is kept of the person beside mail; on the suppression list the pseudonym stays."""
    kept = _suppressions(key).update(address="", evidence="")
    return int(kept) + sum(int(rows.delete()[0]) for rows in _entries(key, mentions))
