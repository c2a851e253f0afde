"""Whether what is said of another address is said of the one that we sent to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.records.events.passed_on import is_one_mailbox


@pytest.mark.parametrize(
    ("address", "final", "one"),
    [
        ("ann@example.org", "Ann@EXAMPLE.org.", True),
        ("ann@example.org", '"ann"@mx1.example.org', True),
        ("ann@mx1.example.org", "ann@example.org", True),
        ("ann+news@example.org", "ann@example.org", True),
        ('"ann b+news"@example.org', '"ann b"@example.org', True),
        ("ann@example.org", "ann@localhost", True),
        ("ann@example.org", "eve@localhost", False),
        ("+ann@example.org", "+eve@example.org", False),
        ("ann@bücher.example", "ann@xn--bcher-kva.example", True),
        ("ann@alumni.example.edu", "ann@physics.example.edu", False),
        ("ann@example.org", "ann@notexample.org", False),
        ("ann@example.org", "ann@example.com", False),
        ("team@example.org", "ann@example.org", False),
        ("ann@example.org", "ann@example.mail.onmicrosoft.com", True),
        ("ann@my-example.org", "ann@myexampleorg.onmicrosoft.com", True),
        ("ann@example.org", "eve@example.onmicrosoft.com", False),
        ("ann@example.org", "ann@partner.onmicrosoft.com", False),
        ("ann@example.org", "ann@example.onmicrosoft.com.evil.example", False),
        ("ann@example.org", "ann", False),
        ("ann@example.org", "", False),
    ],
)
def test_a_mailbox_may_have_the_name_of_its_host_and_nothing_else(
    address: str, final: str, one: bool
) -> None:
    assert is_one_mailbox(address, final) is one


@given(st.text(max_size=40), st.text(max_size=40))
def test_it_does_not_matter_which_is_named_first_and_each_is_itself(address: str, final: str) -> None:
    assert is_one_mailbox(address, address)
    assert is_one_mailbox(address, final) is is_one_mailbox(final, address)
