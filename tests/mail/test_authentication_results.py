"""Only what our own MTA says counts, and nothing that a stranger made it repeat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.mail.authentication_results import authentic_domains
from backstamp.mail.facts import facts_header

OURS = ("mx.example.org",)


def domains(*fields: str) -> frozenset[str]:
    raw = "".join(f"Authentication-Results: {field}\r\n" for field in fields) + "From: x\r\n\r\nbody\r\n"
    return authentic_domains(facts_header(raw.encode()), OURS)


@pytest.mark.parametrize(
    ("field", "vouched"),
    [
        ("mx.example.org; dmarc=pass header.from=bank.com", {"bank.com"}),
        ("MX.example.org 1; dmarc = pass (p=none) header.from=BANK.com.", {"bank.com"}),
        ("mx.example.org; dkim=pass (2048-bit key) header.d=bank.com header.s=x", {"bank.com"}),
        (
            "mx.example.org; dkim=pass header.i=@mail.bank.com; dmarc=fail header.from=bank.com",
            {"mail.bank.com"},
        ),
        (
            "mx.example.org;\r\n dkim=pass header.d=a.com;\r\n\tdmarc=pass header.from=b.com",
            {"a.com", "b.com"},
        ),
        ("mx.example.org; none", set()),
        ("mx.evil.com; dmarc=pass header.from=bank.com", set()),
        ("mx.example.org 2; dmarc=pass header.from=bank.com", set()),
        ("mx.example.org; dmarc=passed header.from=bank.com", set()),
        ("mx.example.org; spf=pass smtp.mailfrom=bank.com", set()),
        # What a stranger may have written into addresses and comments.
        ('mx.example.org; spf=pass smtp.mailfrom="a;dmarc=pass header.from=bank.com "@evil.com', set()),
        ('mx.example.org; spf=pass (of "a);dmarc=pass header.from=bank.com("@evil.com); x=y', set()),
        ('mx.example.org; spf=pass (of "a;dmarc=pass header.from=bank.com("@evil.com); x=y', set()),
        ('mx.example.org; dkim=pass header.i="x@bank.com"@evil.com', set()),
        ("mx.example.org; dkim=pass header.i=x@bank.com@evil.com", set()),
        ("mx.example.org; spf=pass (a \\) ;dmarc=pass header.from=bank.com", set()),
        ('mx.example.org; spf=pass x="a\\";dmarc=pass header.from=bank.com', set()),
        ("mx.example.org (;) ; dmarc=pass (;) header.from=(x)bank.com", {"bank.com"}),
        ("mx.example.org; dmarc=pass xheader.from=bank.com", set()),
        ("mx.example.org; dmarc=pass header.from=bank.com/evil", set()),
    ],
)
def test_a_field_vouches_for_what_it_says_itself(field: str, vouched: set[str]) -> None:
    assert domains(field) == vouched


def test_without_names_of_our_own_nobody_is_believed() -> None:
    raw = b"Authentication-Results: mx.example.org; dmarc=pass header.from=bank.com\r\n\r\n"
    assert authentic_domains(facts_header(raw), ()) == frozenset()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"()\\'), max_size=60))
def test_nothing_in_a_quoted_string_is_ever_read(inside: str) -> None:
    assert domains(f'mx.example.org; spf=pass smtp.mailfrom="{inside}"@evil.com') == frozenset()


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_exception(data: bytes) -> None:
    authentic_domains(facts_header(b"Authentication-Results: mx.example.org; " + data), OURS)
