"""PostgreSQL's index behind the search is made wherever its extension is, and whenever that came."""

from collections.abc import Iterator

import pytest
from django.db import connection

from backstamp.app.doctor.database import search
from backstamp.records.trigrams import lacks_index, make_what_lacks
from tests.database import empty_postgresql

pytestmark = pytest.mark.daemon


@pytest.fixture(autouse=True)
def database() -> Iterator[None]:
    with empty_postgresql():
        yield


def do(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_it_is_made_with_the_tables() -> None:
    assert not lacks_index()
    assert list(search()) == []


def test_it_is_made_of_an_extension_that_our_search_path_does_not_name() -> None:
    do(
        "DROP EXTENSION pg_trgm CASCADE",
        'CREATE SCHEMA "Other\'s"',
        'CREATE EXTENSION pg_trgm SCHEMA "Other\'s"',
    )
    assert lacks_index()
    make_what_lacks()
    assert not lacks_index()


def test_where_it_cannot_be_made_the_doctor_says_so_until_it_can() -> None:
    do(
        "DROP EXTENSION pg_trgm CASCADE",
        "DROP ROLE IF EXISTS tenant",
        "CREATE ROLE tenant",
        "ALTER TABLE records_messagetext OWNER TO tenant",
        "GRANT CREATE ON SCHEMA public TO tenant",
        "SET ROLE tenant",
    )
    make_what_lacks()
    (told,) = search()
    assert (told.grade.name, told.text) == (
        "NOTE",
        "has no index of trigrams: a search reads what there is of all messages",
    )
    do("RESET ROLE", "CREATE EXTENSION pg_trgm", "SET ROLE tenant")
    make_what_lacks()
    assert list(search()) == []
    do("RESET ROLE", "DROP OWNED BY tenant", "DROP ROLE tenant")


def test_nothing_is_said_before_there_are_tables() -> None:
    do("DROP TABLE records_messagetext")
    assert not lacks_index()
