"""URLs inside URLs are read as redirectors decode them and browsers follow them."""

from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.urls.layers import MAX_LAYERS, has_more_than_layers, layers, within_reach
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
        "SFRUUFM6Ly9FVklMLkVYQU1QTEUvYQ",
        "aFR0UHM6Ly9ldmlsLmV4YW1wbGUvYQ",
        "Ly9ldmlsLmV4YW1wbGUvYQ",
        "IGh0dHBzOi8vZXZpbC5leGFtcGxlL2E=",
        "WyJodHRwczovL2V2aWwuZXhhbXBsZS9hIl0",
        "eyAidSI6Imh0dHBzOi8vZXZpbC5leGFtcGxlL2EifQ",
        "dXJsPWh0dHBzOi8vZXZpbC5leGFtcGxlL2E",
        "a1aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYQ",
        "%61HR0cHM6Ly9ldmlsLmV4YW1wbGUvYQ",
        "aHR0cHM6Ly9l%0AdmlsLmV4YW1wbGUvYQ",
        "U0ZSVVVGTTZMeTlGVmtsTUxrVllRVTFRVEVVdllRPT0",
        "%7B%22u%22:%22https:%5Cu002f%5Cu002fevil.example%5Cu002Fa%22%7D",
        "+//evil.example/a",
        "1%7Chttps://evil.example/a",
    ],
)
def test_the_value_of_a_parameter_is_a_url_however_it_is_escaped(value: str) -> None:
    assert [each.lower() for each in hrefs(f"https://good.example/r?a=1&next={value}&b=2")] == [
        "https://evil.example/a"
    ]
    url = web_url(f"https://good.example/r?u={value}")
    assert url is not None
    assert "https://evil.example/a" in [each.href.lower() for each in layers(url)]


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


@pytest.mark.parametrize(
    "rest",
    [
        "/evil.example/a",
        "%2fevil.example/a",
        "%252fevil.example/a",
        "%5cevil.example/a",
        "%09/evil.example/a",
        "\\evil.example/a",
        "go/https://evil.example/a",
        "go/%68ttps://evil.example/a",
        "go/h%2574tps://evil.example/a",
        "go/u=//evil.example/a",
        "go;u=//evil.example/a",
        "?//evil.example/a",
        "?%2f%2fevil.example/a",
        "?%68ttps://evil.example/a",
    ],
)
def test_a_path_and_a_query_without_a_name_are_read_too(rest: str) -> None:
    assert hrefs(f"https://good.example/{rest}") == ["https://evil.example/a"]


@pytest.mark.parametrize(
    ("rest", "inner"),
    [
        ("go/https://evil.example/a?b=1&c=2", "https://evil.example/a?b=1&c=2"),
        ("?u=aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYWI/Yz0x", "https://evil.example/ab?c=1"),
        ("?u=aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYWI%2FYz0x", "https://evil.example/ab?c=1"),
        ("go/aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYQ/1", "https://evil.example/a"),
        ("?u=https://evil.example%7C2", "https://evil.example/"),
        ("?u=%3Chttps://evil.example%3E", "https://evil.example/"),
        ("?u=(https://evil.example)", "https://evil.example/"),
        ("?u=https://evil.example%27", "https://evil.example/"),
        ("?u=https://good.example,https://evil.example/", "https://evil.example/"),
        ("?u=//[2001:db8::7]/", "https://[2001:db8::7]/"),
        (
            "?" + "".join(f"a{n}=https://{n}.example/&" for n in range(12)) + "u=//evil.example",
            "https://evil.example/",
        ),
    ],
)
def test_what_else_stands_there_hides_no_url(rest: str, inner: str) -> None:
    url = web_url(f"https://good.example/{rest}")
    assert url is not None
    assert inner in [each.href for each in layers(url)]


@given(
    st.binary(max_size=7),
    st.lists(st.booleans(), min_size=5, max_size=5),
    st.sampled_from((b"%s://evil.example/", b"%s%%3A%%2F%%2Fevil.example%%2F")),
    st.sampled_from("AQgw=.&-/"),
    st.booleans(),
)
def test_no_case_and_nothing_before_it_hides_an_address_in_base64(
    before: bytes, upper: list[bool], form: bytes, sign: str, is_url_safe: bool
) -> None:
    scheme = "".join(c.upper() if up else c for c, up in zip("https", upper, strict=True))
    encode = urlsafe_b64encode if is_url_safe else b64encode
    address = encode(before + b" " + form % scheme.encode()).decode().rstrip("=")
    url = web_url(f"https://good.example/r?u={sign}{address}")
    assert url is not None
    assert "https://evil.example/" in [each.href for each in nested_urls(url)]


def test_there_is_an_end_to_it_and_it_is_told() -> None:
    floods = (
        "?" + "".join(f"u=//{number}.example/&" for number in range(3000)),
        "?" + "u=//evil.example/&" * MAX_LAYERS,
        "?" + "u=/&" * 2500 + "u=https://evil.example/",
        "?" + "u=//-&" * 110 + "u=//evil.example/",
        "?u=" + "a" * 9000 + "&u=https://evil.example/",
        "?u=" + "https://a.example/" * 25,
    )
    for flood in floods:
        url = web_url(f"https://good.example/{flood}")
        assert url is not None
        assert len(list(nested_urls(url))) <= MAX_NESTED
        assert len(list(layers(url))) <= MAX_LAYERS
        assert has_more_than_layers(url)
    assert hrefs("https://good.example/?u=" + "%25" * 2000 + "2f") == []


def test_of_a_message_so_much_is_looked_up_as_it_may_cost_and_the_short_links_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backstamp.urls.layers._MOST_CHARACTERS", 4000)
    long = [web_url(f"https://a.example/?u=https://b.example/{n}{'x' * 1000}") for n in range(5)]
    short = [web_url(f"https://a.example/{n}") for n in range(5)]
    urls = [url for pair in zip(long, short, strict=True) for url in pair if url is not None]
    assert list(within_reach(urls)) == [0, 1, 3, 5, 7, 9]
    assert list(within_reach(urls[1::2])) == [0, 1, 2, 3, 4]


def test_a_long_url_with_one_or_two_inside_is_read_whole() -> None:
    honest = (
        "?next=https://other.example/&t=" + "dGhpcyBpcyBhIHRlc3Qg" * 450,
        "?scope=" + "%20".join(f"https://www.googleapis.com/auth/some.{number}" for number in range(12)),
    )
    for rest in honest:
        url = web_url(f"https://good.example/{rest}")
        assert url is not None
        assert not has_more_than_layers(url)


@pytest.mark.parametrize(
    ("wrapped", "inner"),
    [
        ("https://www.google.com/amp/s/evil.example/a?b=c", "https://evil.example/a?b=c"),
        ("https://www.google.de/amp/evil.example/", "http://evil.example/"),
        ("https://www.google.com/url?url=evil.com/a", "http://evil.com/a"),
        ("https://evil-example.cdn.ampproject.org/c/s/evil.example/a", "https://evil.example/a"),
        ("https://cdn.ampproject.org/v/evil.example/a", "http://evil.example/a"),
        ("https://my--bank-evil-com.translate.goog/a?_x_tr_sl=de", "https://my-bank.evil.com/a?_x_tr_sl=de"),
        ("https://my-bank.evil.com.mcas.ms/a?b=c#d", "https://my-bank.evil.com/a?b=c#d"),
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
        "https://example-onmicrosoft-com.access.mcas.ms/aad_login",
        "https://us.saml.mcas.ms/",
    ],
)
def test_other_pages_of_such_hosts_lead_nowhere(url: str) -> None:
    assert unwrap_foreign(url) is None
