"""A PostgreSQL server that is set to our harm is found out; what others do with it is left alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from django.db.backends.utils import CursorWrapper

from backstamp.app.doctor.database import as_it_is_set, months
from backstamp.records.database.partitions import make_ahead
from backstamp.records.database.server_settings import (
    harmful,
    is_standby,
    is_turkic,
    shares_its_session,
    takes_no_writes,
)
from tests.database import empty_postgresql

pytestmark = pytest.mark.daemon


@pytest.fixture(autouse=True)
def database() -> Iterator[None]:
    with empty_postgresql():
        connection.ensure_connection()
        yield


def set_to(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET {name} TO '{value}'")


def told() -> list[tuple[str, str]]:
    return [(finding.grade.name, finding.text) for finding in as_it_is_set()]


TESTS_OWN = {"fsync": "off"}
"""Of the tests' server: nobody needs its rows after a crash."""


def test_what_harms_is_named_with_its_value() -> None:
    assert harmful() == TESTS_OWN
    set_to("statement_timeout", "30s")
    set_to("synchronous_commit", "off")
    set_to("DateStyle", "German")
    set_to("default_transaction_isolation", "serializable")
    assert harmful() == TESTS_OWN | {
        "statement_timeout": "30s",
        "synchronous_commit": "off",
        "DateStyle": "German, DMY",
        "default_transaction_isolation": "serializable",
    }
    assert told() == [
        ("NOTE", "statement_timeout is 30s: what takes longer is ended, and begins again for ever"),
        ("NOTE", "fsync is off: what was committed last is lost in a crash of the server, for good"),
        (
            "NOTE",
            "synchronous_commit is off: what was committed last is lost in a crash of the server, for good",
        ),
        ("WRONG", "DateStyle is German, DMY: a pooler keeps back what Backstamp asks for"),
        (
            "WRONG",
            "default_transaction_isolation is serializable: a pooler keeps back what Backstamp asks for",
        ),
    ]


def test_stricter_commits_harm_nobody() -> None:
    set_to("synchronous_commit", "remote_apply")
    assert harmful() == TESTS_OWN


def test_a_user_who_may_only_read_is_found_though_the_server_answers() -> None:
    assert not takes_no_writes()
    set_to("default_transaction_read_only", "on")
    assert takes_no_writes()
    assert not is_standby()
    assert told()[0] == ("WRONG", "takes no writes: default_transaction_read_only is on")


def test_months_that_the_worker_has_not_made_are_named() -> None:
    now = datetime.now(UTC)
    (finding,) = months()
    assert f"records_event_m{now:%Y_%m} and records_event_m" in finding.text
    make_ahead(now, now + timedelta(days=1))
    assert list(months()) == []


def test_a_second_connection_that_meets_the_first_ones_process_was_given_its_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So it is behind PgBouncer with pool_mode = transaction."""

    class Pooled:
        def cursor(self) -> CursorWrapper:
            return connection.cursor()

        def close(self) -> None:
            pass

    assert not shares_its_session()
    monkeypatch.setattr(connections["default"], "copy", Pooled)
    assert shares_its_session()
    assert not is_turkic()
    assert ("WRONG", "a pooler gives our session to others between transactions") in told()
