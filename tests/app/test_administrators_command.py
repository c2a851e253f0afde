"""`backstamp administrators`: who may sign in at the console, and who may no longer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.in_process import run
from tests.database import empty_database, start_django

start_django()


@pytest.fixture(autouse=True)
def database(tmp_path: Path) -> Iterator[None]:
    with empty_database(tmp_path):
        yield


def test_who_is_removed_has_no_way_in_and_others_keep_theirs() -> None:
    from datetime import timedelta

    from django.contrib.auth import get_user_model
    from django.test import Client

    from backstamp.records.administration import sign_in_links

    clients = {}
    for address in ("ada@example.org", "eve@example.org"):
        clients[address] = Client(HTTP_HOST="127.0.0.1")
        clients[address].force_login(
            get_user_model().objects.create_user(address, address, "a horse, a battery")
        )
        assert clients[address].get("/").status_code == 200
    links = {address: sign_in_links.create(address, timedelta(hours=1)) for address in clients}
    assert run("administrators", "remove", "Eve@example.org")[0] == 0
    assert [client.get("/").status_code for client in clients.values()] == [200, 302]
    assert [sign_in_links.address_of(link) for link in links.values()] == ["ada@example.org", None]
    answer = clients["eve@example.org"].post(
        "/sign-in/", {"login": "eve@example.org", "password": "a horse, a battery"}
    )
    assert answer.status_code == 422
    (line,) = run("administrators", "list")[1].splitlines()
    assert line.startswith("ada@example.org ")
    assert ", last 20" in line


def test_who_has_no_way_in_is_said_to_have_none() -> None:
    code, _, why = run("administrators", "remove", "nobody@example.org")
    assert (code, why) == (1, "Error: nobody with the address 'nobody@example.org' may sign in\n")
    assert run("administrators", "list")[:2] == (0, "")


def test_a_link_that_nobody_followed_yet_is_a_way_in_that_can_be_taken_away() -> None:
    from backstamp.records.administration import sign_in_links

    token = run("sign-in-link", "eve@example.org")[1].strip().rpartition("/")[2]
    assert sign_in_links.address_of(token) == "eve@example.org"
    assert run("administrators", "remove", "eve@example.org")[0] == 0
    assert sign_in_links.address_of(token) is None


def test_with_somebody_go_the_links_that_name_nobody() -> None:
    from datetime import timedelta

    from backstamp.records.administration import sign_in_links

    kept, gone = (sign_in_links.create(address, timedelta(hours=1)) for address in ("ada@example.org", ""))
    assert run("administrators", "remove", "nobody@example.org")[0] == 1
    assert sign_in_links.address_of(gone) == ""
    sign_in_links.create("eve@example.org", timedelta(hours=1))
    assert run("administrators", "remove", "eve@example.org")[0] == 0
    assert [sign_in_links.address_of(link) for link in (kept, gone)] == ["ada@example.org", None]


def test_what_serve_prepares_ends_with_a_link_for_the_first_administrator_alone() -> None:
    from django.contrib.auth import get_user_model

    from backstamp.records.administration import sign_in_links

    code, said, _ = run("migrate", "--then-sign-in-link")
    (line,) = said.splitlines()
    assert (code, sign_in_links.address_of(line.rpartition("/welcome/")[2])) == (0, "")
    get_user_model().objects.create_user("ada@example.org", "ada@example.org", "a horse, a battery")
    assert run("migrate", "--then-sign-in-link")[:2] == (0, "")
