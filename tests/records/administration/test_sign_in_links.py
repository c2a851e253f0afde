"""A sign-in link works once, in its time, and lies nowhere in clear."""

import threading
from datetime import timedelta

from django.db import connection

from backstamp.records.administration.sign_in_links import address_of, create, delete_expired, redeem
from backstamp.records.models import SignInLink

HOUR = timedelta(hours=1)


def test_a_link_can_be_looked_at_often_and_used_once() -> None:
    token = create("ada@example.org", HOUR)
    assert [address_of(token), address_of(token)] == ["ada@example.org"] * 2
    used = redeem(token)
    assert used is not None
    assert used.email == "ada@example.org"
    assert (redeem(token), address_of(token)) == (None, None)


def test_a_link_for_nobody_yet_works_too() -> None:
    used = redeem(create("", HOUR))
    assert used is not None
    assert used.email == ""


def test_the_links_of_earlier_starts_die_with_the_one_that_is_used() -> None:
    old, new, other = create("", HOUR), create("", HOUR), create("bob@example.org", HOUR)
    assert redeem(new) is not None
    assert (address_of(old), redeem(old)) == (None, None)
    assert redeem(other) is not None


def test_a_persons_link_also_ends_the_ones_that_name_nobody_and_their_own_older_ones() -> None:
    nobody, older = create("", HOUR), create("ada@example.org", HOUR)
    assert redeem(create("ada@example.org", HOUR)) is not None
    assert (redeem(nobody), redeem(older)) == (None, None)


def test_unknown_and_expired_links_do_not_work() -> None:
    assert (address_of("never made"), redeem("\udcff"), redeem("")) == (None, None, None)
    token = create("ada@example.org", -HOUR)
    assert (address_of(token), redeem(token)) == (None, None)


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
