"""Mail addresses as people type them."""

import pytest

from backstamp.mail.addresses import is_mail_address


@pytest.mark.parametrize(
    "text",
    ["ann@example.org", "ü@bücher.example", '"a b"@example.org', "ann@[192.0.2.1]", "ann@[IPv6:2001:db8::1]"],
)
def test_an_address_is_one(text: str) -> None:
    assert is_mail_address(text)


@pytest.mark.parametrize(
    "text",
    ["https://user:password@host/", "a@b/c", "a@b:25", "a@b?c", "a@[", "a@b]", "a@", "a@b\u202e", "a@b\n"],
)
def test_what_holds_more_than_a_domain_behind_its_at_sign_is_none(text: str) -> None:
    assert not is_mail_address(text)
