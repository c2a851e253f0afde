"""URLs as a browser reads them."""

import ada_url
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.urls.parsing import WebUrl, host_is_within, scheme_of, strip_link_text, web_url

PIECES = st.sampled_from(
    [
        "http://",
        "https://",
        "HTTP://",
        "a",
        "b.com",
        "xn--a",
        "xn--bcher-kva.example",
        ".",
        "..",
        "/",
        "//",
        "?",
        "#",
        ":80",
        ":443",
        "%2e",
        "%",
        "-",
        "_",
        "~",
        "@",
        ":",
        "1",
        "0x7f",
        "=",
        "&",
        "*",
        "(",
        ")",
        "!",
        "$",
        "+",
        ",",
        ";",
        "'",
        '"',
        " ",
        "ü",
        "\\",
        "[",
        "example.org",
    ]
)
NEAR_URLS = st.builds("".join, st.lists(PIECES, max_size=10)).map("http://example.com{}".format) | st.builds(
    "".join, st.lists(PIECES, max_size=12)
)


@given(NEAR_URLS)
@settings(max_examples=600, deadline=None)
def test_the_short_way_gives_what_the_parser_gives(text: str) -> None:
    try:
        parsed = ada_url.URL(text)
        expected = WebUrl(parsed.href, parsed.hostname) if parsed.protocol in ("http:", "https:") else None
    except ValueError:
        expected = None
    assert web_url(text) == expected


@given(st.text(max_size=60))
def test_whatever_comes_out_is_ascii_http_and_stable(text: str) -> None:
    found = web_url(text, "https://example.com/base/")
    if found is not None:
        assert found.href.isascii()
        assert found.href.startswith(("http://", "https://"))
        assert web_url(found.href) == found


def test_lone_surrogates_become_replacement_characters() -> None:
    assert web_url("https://example.com/\udcff") == WebUrl("https://example.com/%EF%BF%BD", "example.com")


@pytest.mark.parametrize(
    ("text", "scheme"), [("HTTP://x", "http"), ("mailto:a", "mailto"), ("//x", ""), ("1a:", ""), ("a b:", "")]
)
def test_the_scheme_is_what_stands_before_the_first_colon(text: str, scheme: str) -> None:
    assert scheme_of(text) == scheme


def test_blanks_around_and_line_ends_inside_are_dropped() -> None:
    assert strip_link_text(" \x00\thttps://a\n.b\r/ c \n") == "https://a.b/ c"


def test_a_host_is_within_its_own_domain_only() -> None:
    assert host_is_within("a.b.example", ("b.example",))
    assert host_is_within("b.example", ("x.example", "b.example"))
    assert not host_is_within("ab.example", ("b.example",))
    assert not host_is_within("b.example", ())
