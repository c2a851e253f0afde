import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.urls.as_listed import as_listed


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("hxxps[:]//evil.example/a", "https://evil.example/a"),
        ("hxxps[://]evil[.]example", "https://evil.example"),
        ("hXXp://evil{.}example", "http://evil.example"),
        ("http[s]://evil(dot)example", "https://evil.example"),
        ("h**p://evil[DOT]example", "http://evil.example"),
        ("<https://evil.example/>", "https://evil.example/"),
        ('"evil.example",', "evil.example"),
        ("*.evil.example", "evil.example"),
        (".evil.example", "evil.example"),
        ("evil.example/*", "evil.example/"),
        ("http://*.evil.example/a/*", "http://evil.example/a/"),
        ("*://*.evil.example/*", "evil.example/"),
        ("2001:db8::1", "[2001:db8::1]"),
        ("2001:db8::1/128", "[2001:db8::1]"),
        ("192.0.2.7/32", "192.0.2.7"),
        ("evil.example:8080", "evil.example:8080"),
        ("https://evil.example/?a[s]=b*c", "https://evil.example/?a[s]=b*c"),
        ("http://192.0.2.7/24", "http://192.0.2.7/24"),
    ],
)
def test_what_people_put_around_a_host_or_url_is_taken_off(text: str, meant: str) -> None:
    assert as_listed(text) == meant


@pytest.mark.parametrize("text", ["192.0.2.0/24", "192.0.2.7/24", "2001:db8::/32", "0.0.0.0/0"])
def test_a_range_of_addresses_is_neither_host_nor_url(text: str) -> None:
    assert as_listed(text) is None


@given(st.text())
def test_any_text_is_read_without_an_exception(text: str) -> None:
    as_listed(text)
