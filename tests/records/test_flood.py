"""Whoever fetches one image without end makes neither the records false nor every further hit dear."""

import pytest
from django.db import connection

from backstamp.records import rollup
from backstamp.records.ingest import ingest
from backstamp.records.models import Recipient
from backstamp.records.rollup import MOST_HITS
from backstamp.records.tracking_ids import to_database
from backstamp.verdicts.opened import JudgedHit
from tests.records.journal_records import (
    APPLE_PREFETCH,
    MESSAGE,
    OTHER_SOURCE,
    after,
    batch,
    delivery,
    pixel,
    queued,
)

NOW = after(100_000)


def test_a_person_is_seen_after_a_flood_by_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[JudgedHit] = []
    judged_hit = rollup._judged_hit

    def noted(*row: object) -> JudgedHit:
        looked_at.append(judged_hit(*row))  # type: ignore[arg-type]  # passed on as it came
        return looked_at[-1]

    flood = [pixel(60 + n, agent=APPLE_PREFETCH) for n in range(2 * MOST_HITS)]
    ingest(batch("edge", [queued(), delivery(1), *flood]), NOW)
    assert Recipient.objects.get(message=to_database(MESSAGE), index=0).opened_at is None

    monkeypatch.setattr(rollup, "_judged_hit", noted)
    ingest(batch("other", [pixel(50_000, source=OTHER_SOURCE)]), NOW)
    anna = Recipient.objects.get(message=to_database(MESSAGE), index=0)
    assert (anna.opened_at, anna.human_opens) == (after(50_000), 1)
    assert len(looked_at) == MOST_HITS + 1


def test_the_hits_by_people_are_found_by_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN WITH keys (m, r) AS (VALUES (1, 2)) {rollup._HITS_BY_PEOPLE}")
        assert "event_by_people (message_id=? AND recipient_index=?)" in str(cursor.fetchall())
