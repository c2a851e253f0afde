"""Who guessed too often, and for how long that counts."""

from ipaddress import ip_address

from backstamp.gateway.sessions.failed_logins import (
    MOST_ADDRESSES,
    MOST_RIGHT,
    MOST_WRONG,
    WITHIN_SECONDS,
    FailedLogins,
)
from backstamp.gateway.sessions.submission import Credentials


def guess(number: int) -> Credentials:
    return Credentials(b"", b"ann", b"%d" % number)


NEW = guess(-1)


def guessed(failed: FailedLogins, address: str, times: int = MOST_WRONG) -> list[bool]:
    return [failed.note(ip_address(address), guess(number)) for number in range(times)]


def test_the_last_guess_that_is_allowed_is_told_and_all_is_forgotten_in_time() -> None:
    now = 1000.0
    failed = FailedLogins(lambda: now)
    assert guessed(failed, "192.0.2.1") == [*[False] * (MOST_WRONG - 1), True]
    assert failed.too_many(ip_address("192.0.2.1"), NEW)
    assert not failed.too_many(ip_address("192.0.2.2"), NEW)
    now += WITHIN_SECONDS
    assert not failed.too_many(ip_address("192.0.2.1"), NEW)


def test_what_was_asked_beside_the_last_guess_makes_the_time_no_longer() -> None:
    now = 1000.0
    failed = FailedLogins(lambda: now)
    guessed(failed, "192.0.2.1")
    now += WITHIN_SECONDS / 2
    assert not any(failed.note(ip_address("192.0.2.1"), guess(number)) for number in range(100, 150))
    now += WITHIN_SECONDS / 2
    assert not failed.too_many(ip_address("192.0.2.1"), NEW)


def test_all_addresses_of_an_ipv6_network_are_one_clients() -> None:
    failed = FailedLogins(lambda: 0.0)
    for number in range(MOST_WRONG):
        failed.note(ip_address(f"2001:db8:1:1::{number:x}"), guess(number))
    assert failed.too_many(ip_address("2001:db8:1:1:ffff::1"), NEW)
    assert not failed.too_many(ip_address("2001:db8:1:2::1"), NEW)


def test_however_many_guess_memory_is_bounded_and_the_latest_are_remembered() -> None:
    failed = FailedLogins(lambda: 0.0)
    guessed(failed, "192.0.2.1")
    guessed(failed, "192.0.2.2")
    for number in range(MOST_ADDRESSES - 1):
        failed.note(ip_address(number + 1), guess(0))
    assert not failed.too_many(ip_address("192.0.2.1"), NEW)
    assert failed.too_many(ip_address("192.0.2.2"), NEW)


def test_what_was_right_before_is_no_guess_until_it_is_wrong() -> None:
    failed, office = FailedLogins(lambda: 0.0), ip_address("192.0.2.1")
    failed.note_right(office, guess(500))
    guessed(failed, "192.0.2.1")
    guessed(failed, "192.0.2.2")
    assert failed.too_many(office, NEW)
    assert not failed.too_many(office, guess(500))
    assert failed.too_many(ip_address("192.0.2.2"), guess(500)), "it was right from elsewhere"
    failed.note(office, guess(500))
    assert failed.too_many(office, guess(500))


def test_however_many_log_in_the_latest_are_remembered() -> None:
    failed, office = FailedLogins(lambda: 0.0), ip_address("192.0.2.1")
    for number in (101, 102, *range(1000, 1000 + MOST_RIGHT - 2), 101, 103):
        failed.note_right(office, guess(number))
    guessed(failed, "192.0.2.1")
    assert not failed.too_many(office, guess(101))
    assert failed.too_many(office, guess(102))
