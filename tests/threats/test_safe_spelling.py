"""Hosts as a warning page shows them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.threats.safe_spelling import SafeHost, spelled_safely
from backstamp.urls.parsing import web_url

OWN = ("muller-bau.example",)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("www.example.co.uk", SafeHost("www.", "example.co.uk")),
        ("example.com.", SafeHost("", "example.com")),
        ("a.evil.github.io", SafeHost("a.", "evil.github.io")),
        ("www.paypal.com.evil.example", SafeHost("www.paypal.com.", "evil.example")),
        ("shop.xn--mller-kva.example", SafeHost("shop.", "m\u00fcller.example")),
        ("shop.m\u00fcller.example", SafeHost("shop.", "m\u00fcller.example")),
        ("xn--r8jz45g.xn--zckzah", SafeHost("", "\u4f8b\u3048.\u30c6\u30b9\u30c8")),
        ("xn--e1afmkfd.example", SafeHost("", "\u043f\u0440\u0438\u043c\u0435\u0440.example")),
        ("192.0.2.1", SafeHost("", "192.0.2.1")),
        ("[2001:db8::1]", SafeHost("", "[2001:db8::1]")),
        ("localhost", SafeHost("", "localhost")),
        (".", SafeHost("", ".")),
    ],
)
def test_what_nobody_can_mistake_is_shown_in_its_letters(host: str, shown: SafeHost) -> None:
    assert spelled_safely(host, OWN) == shown
    assert spelled_safely(host, OWN).text == shown.below + shown.domain


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        (
            "www.xn--80ak6aa92e.com",
            SafeHost("www.", "xn--80ak6aa92e.com", is_punycode=True),
        ),  # Cyrillic apple
        ("xn--pypal-4ve.com", SafeHost("", "xn--pypal-4ve.com", is_punycode=True)),  # mixed
        ("p\u00e2ypal.example", SafeHost("", "xn--pypal-3qa.example", is_punycode=True)),  # looks like PayPal
        (
            "m\u00fcller-bau.example",
            SafeHost("", "xn--mller-bau-q9a.example", is_punycode=True),
        ),  # looks like an own one
        ("xn--i-7iq.ws", SafeHost("", "xn--i-7iq.ws", is_punycode=True)),  # a heart
        ("xn--a.example", SafeHost("", "xn--a.example", is_punycode=True)),  # no Punycode
        # read from right to left the labels would change places
        ("xn--4dbcd.xn--7dbcd.example", SafeHost("xn--4dbcd.", "xn--7dbcd.example", is_punycode=True)),
        ("xn--4dbcd.1a.example", SafeHost("xn--4dbcd.", "1a.example", is_punycode=True)),
    ],
)
def test_what_could_be_taken_for_another_is_shown_in_punycode(host: str, shown: SafeHost) -> None:
    assert spelled_safely(host, OWN) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b.example", "a%20b.example"),
        ("paypal.com@evil.example", "paypal.com%40evil.example"),
        ("paypal.com/evil.example", "paypal.com%2Fevil.example"),
        ("evil\u202egro.example", "evil%E2%80%AEgro.example"),
        ("<script>", "%3Cscript%3E"),
        ("\ud800", "%3F"),
        ("", ""),
    ],
)
def test_what_is_no_host_is_shown_escaped(text: str, shown: str) -> None:
    assert spelled_safely(text) == SafeHost("", shown)


def test_of_a_long_host_the_end_is_shown() -> None:
    shown = spelled_safely("www.paypal.com." + "a." * 300 + "evil.example")
    assert shown.domain == "evil.example"
    assert shown.below.startswith("\u2026")
    assert len(shown.text) <= 255


SPECIAL = st.sampled_from(
    [*"ab.-:@/[]%1 \u00e9\u0430\u05d0\u200d\u202e\u3002\uff45\ud800\u0307", "xn--", "com"]
)


@given(st.text(max_size=300) | st.lists(SPECIAL, max_size=40).map("".join))
def test_any_text_is_shown_without_what_deceives(text: str) -> None:
    shown = spelled_safely(text, ("example.com",))
    assert not any(
        unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"} for character in shown.text
    )
    assert not set(shown.text) & set("/\\@?# <>")
    assert not shown.below or shown.below.endswith(".")
    url = web_url(f"http://{text}/")
    if len(text) <= 254 and url is not None and url.host == text:
        again = web_url(f"http://{shown.text}/")
        assert again is not None
        assert again.host in (text, text.removesuffix("."))
