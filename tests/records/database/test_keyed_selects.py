"""Rows are found by many keys at once, each by index."""

import re

import pytest
from django.db import OperationalError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstamp.records.database import keyed_selects
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.events.stored_hits import EARLY
from backstamp.records.memory.sources import OF_SOURCES


@pytest.mark.parametrize("vendor", ["sqlite"])
@pytest.mark.parametrize("rows", [1_000, 1_000_000, 100_000_000])
def test_sqlite_reads_no_whole_index_to_look_keys_up_where_it_knows_how_large_it_is(
    vendor: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        for index, kept in (("event_siblings", f"{rows} 50 8 1"), ("event_source", f"{rows} 2")):
            cursor.execute("INSERT INTO sqlite_stat1 VALUES ('records_event', %s, %s)", [index, kept])
        cursor.execute("ANALYZE sqlite_schema")
    # Of what is run, what SQLite would do for it is asked.
    monkeypatch.setattr(keyed_selects, "_select", lambda *of: f"EXPLAIN QUERY PLAN {_SELECT(*of)}")
    for statement, column in ((OF_SOURCES, "s"), (EARLY, "m")):
        plan = [row[3] for row in select_for_keys(statement, (column,), ((1,) for _ in range(10_000)))]
        assert any("SEARCH e USING INDEX" in step for step in plan)
        assert not any("BLOOM" in step for step in plan)


@pytest.mark.parametrize("number", [0, 1, 3, 64, 65, 1000])
def test_each_key_is_answered_once(number: int) -> None:
    found = list(select_for_keys("SELECT keys.k FROM keys WHERE keys.k IS NOT NULL", ("k",), _keys(number)))
    assert found == list(_keys(number))


@pytest.mark.parametrize("vendor", ["sqlite"])
def test_an_error_that_sqlite_has_only_while_rows_are_read_is_one_of_django_s(vendor: str) -> None:
    # The second row cannot be made; of the first nobody is told before.
    statement = "SELECT CASE WHEN keys.k = 1 THEN json('{') ELSE '{}' END FROM keys"
    with pytest.raises(OperationalError):
        list(select_for_keys(statement, ("k",), _keys(2)))


def _keys(number: int) -> list[tuple[int]]:
    return [(key,) for key in range(number)]


_SELECT = keyed_selects._select


KEYS = st.one_of(
    st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=9),
    st.lists(st.binary(), min_size=9),
    st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=9),
    st.lists(
        st.sampled_from(["", "NULL", "null", '"', "\\", "{", "}", ",", "'", "%s", "%", " a ", "ü"]),
        min_size=1,
    ),
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(KEYS)
def test_keys_are_those_that_were_given_whatever_is_in_them(
    keys: list[int] | list[bytes] | list[str],
) -> None:
    found = select_for_keys("SELECT keys.k FROM keys WHERE keys.k IS NOT NULL", ("k",), ((k,) for k in keys))
    assert [bytes(key) if isinstance(key, memoryview) else key for (key,) in found] == keys


def test_keys_of_several_columns_stay_together() -> None:
    keys = [(1, b"\0", "a"), (-(1 << 40), b"", '"'), (0, b"\\x", "\\")] * 5
    statement = "SELECT keys.a, keys.b, keys.c FROM keys WHERE keys.a IS NOT NULL"
    found = select_for_keys(statement, ("a", "b", "c"), keys)
    assert [(a, bytes(b), c) for a, b, c in found] == keys


@pytest.mark.parametrize("vendor", [pytest.param("postgresql", marks=pytest.mark.daemon)])
def test_postgresql_can_look_keys_up_by_index_that_it_gets_as_arrays(vendor: str) -> None:
    with connection.cursor() as cursor, transaction.atomic():
        for way in ("seqscan", "hashjoin", "mergejoin"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        for statement, column, key in ((OF_SOURCES, "s", bytes(12)), (EARLY, "m", 1)):
            arrays = keyed_selects._as_arrays([(key,)] * 3000)
            assert arrays is not None
            cursor.execute(f"EXPLAIN WITH keys ({column}) AS ({arrays[0]}) {statement}", arrays[1])
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert re.search(rf"Index Cond: \(\(?{'source' if column == 's' else 'message_id'} = ", plan), (
                plan
            )
            assert "Seq Scan" not in plan
