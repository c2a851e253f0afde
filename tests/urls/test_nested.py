"""URLs inside URLs are read as redirectors decode them and browsers follow them."""

import pytest

from backstamp.threats.checking import layers
from backstamp.urls.nested import MAX_NESTED, nested_urls
from backstamp.urls.parsing import web_url
from backstamp.urls.wrappers import unwrap_foreign


def hrefs(text: str) -> list[str]:
    url = web_url(text)
    assert url is not None
    return [each.href for each in nested_urls(url)]


@pytest.mark.parametrize(
    "value",
    [
        "https://evil.example/a",
        "https%3A%2F%2Fevil.example%2Fa",
        "https%25253A%25252F%25252Fevil.example%25252Fa",
        "//evil.example/a",
        "%2F%2Fevil.example%2Fa",
        "%252F%252Fevil.example%252Fa",
        "%25252F%25252Fevil.example/a",
        "/%5Cevil.example/a",
        "%5C%5Cevil.example/a",
        "%09//evil.example/a",
        "%20https://evil.example/a",
        "https:/evil.example/a",
        "https:evil.example/a",
        "https:%5Cevil.example/a",
        "%68ttps://evil.example/a",
        "h%74tps%3a//evil.example/a",
        "%2568ttps://evil.example/a",
        "ht%09tps://evil.example/a",
        "https%252525253A%252525252F%252525252Fevil.example%252525252Fa",
        "x%20https://evil.example/a",
        "%0d%0aLocation:%20https://evil.example/a",
        "%7B%22u%22%3A%22https%3A%2F%2Fevil.example%2Fa%22%7D",
        "%257B%2522u%2522%253A%2522https%253A%252F%252Fevil.example%252Fa%2522%257D",
        "aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYQ",
        "aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYQ==",
        "aHR0cHMlM0ElMkYlMkZldmlsLmV4YW1wbGUlMkZh",
        "YUhSMGNITTZMeTlsZG1sc0xtVjRZVzF3YkdVdllRPT0=",
        "eyJhIjoxLCJ1IjoiaHR0cHM6Ly9ldmlsLmV4YW1wbGUvYSJ9",
        "eyJ1IjoiaHR0cHM6XC9cL2V2aWwuZXhhbXBsZVwvYSJ9",
    ],
)
def test_the_value_of_a_parameter_is_a_url_however_it_is_escaped(value: str) -> None:
    assert hrefs(f"https://good.example/r?a=1&next={value}&b=2") == ["https://evil.example/a"]
    url = web_url(f"https://good.example/r?u={value}")
    assert url is not None
    assert "https://evil.example/a" in [each.href for each in layers(url)]


@pytest.mark.parametrize(
    "fragment",
    [
        "https://evil.example/a",
        "/?u=https%3A%2F%2Fevil.example%2Fa",
        "u=//evil.example/a",
        "aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYQ",
    ],
)
def test_a_pages_script_may_lead_on_to_what_the_fragment_holds(fragment: str) -> None:
    assert hrefs(f"https://good.example/r#{fragment}") == ["https://evil.example/a"]
    assert hrefs(f"https://good.example/r?a=1#{fragment}") == ["https://evil.example/a"]


@pytest.mark.parametrize(
    "query",
    [
        "next=/a/b",
        "t=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln",
        "t=eyJ!",
        "t=YUhSMGNYYYYYYYYYYYYY",
        "t=xhttps://evil.example/",
        "next=%2Fa%2F",
        "q=hello",
        "q=//",
        "q=%2F%2F",
        "d=28%2F11%2F2026",
        "q=//a",
        "h=http",
        "q=%41",
    ],
)
def test_what_leads_nowhere_else_is_none(query: str) -> None:
    assert hrefs(f"https://good.example/r?{query}") == []


def test_there_is_an_end_to_it() -> None:
    assert len(hrefs("https://good.example/?" + "u=//evil.example/&" * 3000)) == MAX_NESTED
    assert hrefs("https://good.example/?u=" + "%25" * 2000 + "2f") == []


@pytest.mark.parametrize(
    ("wrapped", "inner"),
    [
        ("https://www.google.com/amp/s/evil.example/a?b=c", "https://evil.example/a?b=c"),
        ("https://www.google.de/amp/evil.example/", "http://evil.example/"),
        ("https://www.google.com/url?url=evil.com/a", "http://evil.com/a"),
        ("https://evil-example.cdn.ampproject.org/c/s/evil.example/a", "https://evil.example/a"),
        ("https://cdn.ampproject.org/v/evil.example/a", "http://evil.example/a"),
        ("https://my--bank-evil-com.translate.goog/a?_x_tr_sl=de", "https://my-bank.evil.com/a?_x_tr_sl=de"),
        ("https://translate.google.com/translate?sl=auto&u=evil.com", "http://evil.com/"),
    ],
)
def test_pages_that_are_shown_by_somebody_else_lead_to_their_own_host(wrapped: str, inner: str) -> None:
    assert unwrap_foreign(wrapped) == inner


@pytest.mark.parametrize(
    "url",
    [
        "https://www.google.com/url?q=readme",
        "https://www.google.com/amp/",
        "https://cdn.ampproject.org/v0.js",
    ],
)
def test_other_pages_of_such_hosts_lead_nowhere(url: str) -> None:
    assert unwrap_foreign(url) is None
