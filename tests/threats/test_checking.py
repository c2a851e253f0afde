"""What the lists say of a link and of what is wrapped in it."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.threats.checking import check, listed
from backstamp.threats.heuristics import Looks
from backstamp.threats.lists import Source, SourceEntries, ThreatLists, compile_lists
from backstamp.urls.layers import MAX_LAYERS, layers
from backstamp.urls.parsing import WebUrl, web_url
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import ThreatType

SAFE_LINKS = "https://nam01.safelinks.protection.outlook.com/?url="
GOOGLE = "https://www.google.com/url?q="


def parsed(url: str) -> WebUrl:
    found = web_url(url)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def lists() -> ThreatLists:
    out = io.BytesIO()
    hashes = [full_hash(expression) for expression in ("evil.example/", "good.example/bad.html")]
    compile_lists(out, [SourceEntries(Source("some", ThreatType.PHISHING), hashes)])
    return ThreatLists(out.getvalue())


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/login",
        f"{SAFE_LINKS}http%3A%2F%2Fevil.example%2Flogin&data=05",
        f"{GOOGLE}http%3A%2F%2Fevil.example%2Flogin&sa=D",
        "https://urldefense.proofpoint.com/v2/url?u=http-3A__evil.example_login&d=DwMFAg",
        f"{SAFE_LINKS}https%3A%2F%2Fwww.google.com%2Furl%3Fq%3Dhttp%253A%252F%252Fevil.example%252F%26sa%3DD&data=05",
    ],
)
def test_a_listed_host_is_found_whatever_wraps_it(lists: ThreatLists, url: str) -> None:
    assert [finding.detail for finding in listed(parsed(url), lists)] == ["evil.example/"]


def test_the_wrapper_itself_is_looked_up_too(lists: ThreatLists) -> None:
    wrapped = parsed("https://good.example/bad.html?u=1")
    assert [finding.detail for finding in listed(wrapped, lists)] == ["good.example/bad.html"]
    assert listed(parsed("https://good.example/"), lists) == ()


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/go?to=http://evil.example/x",
        "https://shop.example/go?back=https%3A%2F%2Fgood.example%2F&to=http%3A%2F%2Fevil.example%2Fx",
        "https://shop.example/go?to=http%253A%252F%252Fevil.example%252Fx",
        "https://shop.example/http://evil.example/x",
        "https://shop.example/go?to=aHR0cDovL2V2aWwuZXhhbXBsZS94",
        "https://shop.example/go?to=https%3A%2F%2Fother.example%2Fgo%3Fto%3Dhttp%253A%252F%252Fevil.example%252F",
        f"{SAFE_LINKS}https%3A%2F%2Fshop.example%2Fgo%3Fto%3Dhttp%253A%252F%252Fevil.example%252F&data=05",
    ],
)
def test_a_listed_host_is_found_behind_an_open_redirector(lists: ThreatLists, url: str) -> None:
    assert [finding.detail for finding in listed(parsed(url), lists)] == ["evil.example/"]


def test_chains_of_redirectors_are_followed_to_a_depth() -> None:
    url = "http://evil.example/"
    for _ in range(30):
        url = GOOGLE + url.replace("%", "%25").replace("&", "%26").replace("?", "%3F")
    followed = list(layers(parsed(url)))
    assert len(followed) == MAX_LAYERS == len(set(followed))
    assert followed[0] == parsed(url)


def test_a_url_that_leads_to_itself_is_looked_up_once() -> None:
    assert len(list(layers(parsed("https://a.example/?u=https://a.example/")))) == 2


def test_looks_are_judged_beside_what_lists_say(lists: ThreatLists) -> None:
    link = Looks(url=parsed("http://someone@evil.example/"))
    assert [(finding.source, finding.reason.value) for finding in check(link, lists)] == [
        ("some", "listed_host"),
        ("heuristics", "userinfo"),
    ]
    assert [finding.source for finding in check(link, None)] == ["heuristics"]


@given(st.text(max_size=80) | st.text(max_size=60).map("https://a.example/?u=http://".__add__))
def test_checking_never_raises(lists: ThreatLists, text: str) -> None:
    url = web_url(text)
    if url is not None:
        check(Looks(url=url, written=text), lists)
