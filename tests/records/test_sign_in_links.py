"""A sign-in link works once, in its time, and lies nowhere in clear."""

import threading
from datetime import timedelta

from django.db import connection

from backstamp.records.models import SignInLink
from backstamp.records.sign_in_links import create, delete_expired, find, redeem

HOUR = timedelta(hours=1)


def test_a_link_can_be_looked_at_often_and_used_once() -> None:
    token = create("ada@example.org", HOUR)
    assert [link.email for link in (find(token), find(token)) if link] == ["ada@example.org"] * 2
    used = redeem(token)
    assert used is not None
    assert used.email == "ada@example.org"
    assert (redeem(token), find(token)) == (None, None)


def test_a_link_for_nobody_yet_works_too() -> None:
    used = redeem(create("", HOUR))
    assert used is not None
    assert used.email == ""


def test_unknown_and_expired_links_do_not_work() -> None:
    assert (find("never made"), redeem("\udcff"), redeem("")) == (None, None, None)
    token = create("ada@example.org", -HOUR)
    assert (find(token), redeem(token)) == (None, None)


def test_the_token_is_not_in_the_database() -> None:
    token = create("ada@example.org", HOUR)
    row = SignInLink.objects.get()
    assert len(bytes(row.token_hash)) == 32
    assert token.encode() not in bytes(row.token_hash)
    assert len(token) == 43


def test_of_many_at_the_same_time_one_gets_in() -> None:
    token = create("ada@example.org", HOUR)
    entered: list[SignInLink] = []
    together = threading.Barrier(4)

    def enter() -> None:
        together.wait()
        link = redeem(token)
        if link is not None:
            entered.append(link)
        connection.close()

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(entered) == 1


def test_used_and_expired_links_are_deleted_and_others_stay() -> None:
    redeem(create("used@example.org", HOUR))
    create("expired@example.org", -HOUR)
    create("good@example.org", HOUR)
    assert delete_expired() == 2
    assert SignInLink.objects.get().email == "good@example.org"
