"""A program that is a web page itself reads addresses against its own: what leads away is accounted for."""

import pytest

from backstamp.rewriting import Direction, Options, plan
from tests.rewriting.messages import message
from tests.rewriting.oracles.chromium import WEBMAIL, Chromium
from tests.rewriting.rendering import html_body
from tests.rewriting.sealers import BASE, FixedSealer

DOCUMENTS = (
    '<base href="//evil.example/"><a href="1">x</a><a href="#2">x</a><a href="">x</a>',
    '<base href="\\\\evil.example/a/"><a href="1">x</a>',
    '<base href="/\\evil.example"><a href="?1">x</a>',
    '<base href=" /\t/\nevil.example"><a href="1">x</a><a href="https://good.example/ä">x</a>',
    '<base href="///evil.example"><a href="1">x</a>',
    '<base href="/a/"><a href="//evil.example/1">x</a><a href="/2">x</a>',
    '<base href="//evil.example/a/"><a href="https:<1">x</a><a href="https:/2">x</a>',
    '<a href="//evil.example/1">x</a><a href="\\/evil.example/2">x</a><a href="3">x</a>',
)


@pytest.fixture(scope="module")
def seen(browser: Chromium) -> dict[str, list[str]]:
    found = browser.links_in_webmail([html_body(rewritten(html)[0]).decode() for html in DOCUMENTS])
    return dict(zip(DOCUMENTS, found, strict=True))


def rewritten(html: str) -> tuple[bytes, set[str]]:
    """Return the received message as it goes on, and what it is said to hold unwrapped."""
    made = plan(message(html), Options(direction=Direction.INBOUND, opens=False)).apply(FixedSealer())
    return made.raw, {each.url for each in made.manifest.candidates if each.skip_reason is not None}


@pytest.mark.parametrize("html", DOCUMENTS)
def test_every_link_that_leads_away_is_wrapped_or_listed_with_its_target(
    html: str, seen: dict[str, list[str]]
) -> None:
    listed = rewritten(html)[1]
    away = [url for url in seen[html] if not url.startswith((WEBMAIL, f"{BASE}/"))]
    assert [url for url in away if url not in listed] == []
