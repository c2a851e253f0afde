"""Values of the fields for machines, as systems write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.mail.reports.field_values import address_in_field, moment_in, name_in
from backstamp.mail.reports.notice import ADDRESS


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("rfc822; bob@example.net", "bob@example.net"),
        ("RFC822;<bob@example.net>", "bob@example.net"),
        ("bob@example.net", "bob@example.net"),
        ("rfc822; SMTP:bob@example.net", "bob@example.net"),
        ("rfc822;'bob@example.net'", "bob@example.net"),
        ('rfc822; "bob smith"@example.net', '"bob smith"@example.net'),
        ("rfc822; bob..b.@docomo.example", "bob..b.@docomo.example"),
        ("rfc822; bob@host", "bob@host"),
        ("rfc822; bob+40example.net", "bob@example.net"),
        ("utf-8; 用户@例子.example", "用户@例子.example"),
        (r"utf-8; \x{7528}\x{6237}@example.net", "用户@example.net"),
        (r"utf-8; \x{D800}bob@example.net", "x{D800}bob@example.net"),
        ("rfc822; IMCEAINVALID-bob+40example+2Enet@ex.example.org", "bob@example.net"),
        ("rfc822; IMCEAEX-_O=SITE_CN=BOB@ex.example.org", ""),
        ("rfc822; bob...@example.net", ""),
        ("x400; /RFC-822=bob(a)example.net/", ""),
        ("LOCAL;<>", ""),
        ("x-unix; |/usr/bin/program", ""),
        ("", ""),
    ],
)
def test_a_recipient_field_gives_its_address(value: str, address: str) -> None:
    assert address_in_field(value) == address


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("dns; mx.example.net", "mx.example.net"),
        ("dns;mx.example.net (sto02. -- Server [Sun 6.1; built Jan 28])", "mx.example.net"),
        ("mx.example.net", "mx.example.net"),
        ("x-local; (nobody knows)", "(nobody knows)"),
        ("", ""),
    ],
)
def test_a_field_of_a_system_gives_its_name_without_comments(value: str, name: str) -> None:
    assert name_in(value) == name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("宛先bob@example.net不明", ["bob@example.net"]),
        ("bob@example.net님께", ["bob@example.net"]),
        ("<用户@例子.example>: 550", ["用户@例子.example"]),
        ("jörg@müller.example is away", ["jörg@müller.example"]),
        ("bob...@example.net", []),
        ("a@b", []),
    ],
)
def test_addresses_do_not_stick_to_the_words_around_them(text: str, found: list[str]) -> None:
    assert [match[1] for match in ADDRESS.finditer(text)] == found


def test_a_date_becomes_microseconds() -> None:
    assert moment_in("Mon, 2 Mar 2026 09:12:31 +0100") == 1_772_439_151_000_000
    assert moment_in("Mon, 2 Mar 2026 08:12:31 -0000") == 1_772_439_151_000_000


@given(st.text(max_size=80) | st.from_regex(r"Mon, \d{1,9} Mar \d{1,9} \d{1,9}:\d\d:\d\d [+-]\d{1,9}"))
def test_no_value_raises(value: str) -> None:
    assert moment_in(value) >= 0
    assert "@" in address_in_field(value) or address_in_field(value) == ""
