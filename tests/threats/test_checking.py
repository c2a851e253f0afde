"""What the lists say of a link and of what is wrapped in it."""

import io

import pytest

from backstamp.threats.checking import layers, listed
from backstamp.threats.lists import Source, SourceEntries, ThreatLists, compile_lists
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
        f"{SAFE_LINKS}https%3A%2F%2Fwww.google.com%2Furl%3Fq%3Dhttp%253A%252F%252Fevil.example%252F%26sa%3DD&data=05",
    ],
)
def test_a_listed_host_is_found_whatever_wraps_it(lists: ThreatLists, url: str) -> None:
    assert [finding.detail for finding in listed(parsed(url), lists)] == ["evil.example/"]


def test_the_wrapper_itself_is_looked_up_too(lists: ThreatLists) -> None:
    wrapped = parsed("https://good.example/bad.html?u=1")
    assert [finding.detail for finding in listed(wrapped, lists)] == ["good.example/bad.html"]
    assert listed(parsed("https://good.example/"), lists) == ()


def test_wrappers_in_wrappers_are_followed_to_a_depth() -> None:
    url = "http://evil.example/"
    for _ in range(10):
        url = GOOGLE + url.replace("%", "%25").replace("&", "%26").replace("?", "%3F")
    assert len(list(layers(parsed(url)))) == 6
