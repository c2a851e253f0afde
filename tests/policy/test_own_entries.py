import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.policy.own_entries import NotNamedError, digest_of, expression_of, host_of
from backstamp.urls.parsing import web_url
from backstamp.urls.safe_browsing import expressions, full_hashes


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("Example.COM", "example.com/"),
        ("*.example.com", "example.com/"),
        ("bücher.example", "xn--bcher-kva.example/"),
        ("example.com:8443", "example.com/"),
        ("https://example.com/", "example.com/"),
        ("https://user@example.com/a/b.html?c=d#e", "example.com/a/b.html?c=d"),
        ("example.com/folder/", "example.com/folder/"),
        ("192.0.2.7", "192.0.2.7/"),
        ("http://[2001:db8::1]/x", "[2001:db8::1]/x"),
        ("someone.github.io", "someone.github.io/"),
        ("https://github.io/one-page", "github.io/one-page"),
        ("hxxps[:]//evil[.]example/login", "evil.example/login"),
        ("*://*.example.com/*", "example.com/"),
        ("2001:db8::1", "[2001:db8::1]/"),
        ("192.0.2.7/32", "192.0.2.7/"),
    ],
)
def test_a_host_or_url_is_named_by_one_expression(text: str, expression: str) -> None:
    assert expression_of(text) == expression


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  ", "give a host or URL"),
        ("co.uk", "co.uk is a public suffix: below it are the domains of many"),
        ("https://github.io/", "https://github.io/ is a public suffix: below it are the domains of many"),
        ("com", "com names no host in full"),
        ("192.0.2.0/24", "192.0.2.0/24 is a range of addresses; give hosts one by one"),
        ("192.0.2.1-192.0.2.9", "192.0.2.1-192.0.2.9 names no host in full"),
        ("a.example b.example", "a.example b.example has blanks in it; give one host or URL"),
        ("javascript:alert(1)", "javascript:alert(1) is no http or https URL; give a host or URL"),
        ("ftp://a.example/", "ftp://a.example/ is no http or https URL; give a host or URL"),
        ("someone@a.example", "someone@a.example is a mail address; give a host or URL"),
        (
            "a.example/" + "x" * 5000,
            "a.example/" + "x" * 70 + "... has more than 4096 characters; name its host",
        ),
        ("\x1b[31m.example", "?[31m.example is no host or URL"),
    ],
)
def test_what_names_nothing_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(NotNamedError) as refused:
        expression_of(text)
    assert str(refused.value) == said


def test_a_host_has_no_path() -> None:
    assert host_of("https://Example.com") == "example.com"
    with pytest.raises(NotNamedError, match=r"^example\.com/x is more than a host$"):
        host_of("example.com/x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "give a domain"),
        ("ann@example.org", "ann@example.org is a mail address; give a domain"),
        ("javascript:alert(1)", "javascript:alert(1) is no http or https URL; give a domain"),
        ("a.example b.example", "a.example b.example has blanks in it; give one domain"),
        ("/", "/ is no domain"),
        ("a.example/x", "a.example/x is more than a domain"),
    ],
)
def test_who_is_asked_for_something_narrower_is_told_so(text: str, said: str) -> None:
    with pytest.raises(NotNamedError) as refused:
        host_of(text, wanted="domain")
    assert str(refused.value) == said


@given(st.text())
def test_any_text_is_an_expression_or_refused_in_one_line(text: str) -> None:
    said = expression = ""
    try:
        expression = expression_of(text)
    except NotNamedError as error:
        said = str(error)
    assert "/" in expression or (said and said.isprintable())


@given(
    st.from_regex(r"https?://([a-z]{1,5}\.){1,4}example/[a-z/.%]{0,20}(\?[a-z=&]{0,8})?", fullmatch=True),
    st.booleans(),
)
def test_a_url_is_always_looked_up_under_what_it_and_its_host_are_listed_as(url: str, whole: bool) -> None:
    parsed = web_url(url)
    assert parsed is not None
    named = expression_of(parsed.host if whole else url)
    assert named in expressions(parsed.href)
    assert digest_of(named) in {digest[:8] for _, digest in full_hashes(parsed.href)}
