"""Links of received mail that nobody wraps are judged all the same: by all that they name, and as shares."""

import re

import msgspec
import pytest

from backstamp.gateway.rewriter.messages import Marks, ProtectRequest, Seal
from backstamp.gateway.rewriter.protecting import protect
from backstamp.gateway.rewriter.signatures import Trust
from backstamp.mail.patches import apply_patches
from backstamp.policy import ProtectionMode
from backstamp.rewriting import Direction, Options
from backstamp.threats import ThreatReason
from backstamp.tokens import ANONYMOUS
from backstamp.tokens.sealing import LinkToken, open_token
from backstamp.vocabulary import ThreatType
from tests.gateway.running import RING
from tests.rewriting.messages import message

SHARE, MANY = ThreatReason.FOREIGN_SHARE.value, ThreatReason.MANY_URLS.value
CALENDAR = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nURL:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
REQUEST = ProtectRequest(
    options=Options(direction=Direction.INBOUND, opens=False),
    mode=ProtectionMode.OBSERVE,
    base_url="https://t.example.net",
    unwrapped_prefixes=(),
    own_domains=("acme.com",),
    own_lists=(),
    threat_lists="/no/such/file",
    threat_answers="/no/such/file",
    known_sites="/no/such/file",
    at_us=0,
    domain_id=1,
    tracking_id=1,
    sender="",
    sender_domain="",
    marks=Marks(),
    trust=Trust(),
    seals=(),
    keyring="",
)


def findings(body: str, media_type: str = "text/html; charset=utf-8") -> list[tuple[str, str]]:
    answer, _ = protect(REQUEST, message(body, media_type), RING)
    urls = {link.number: link.url for link in (*answer.links, *answer.others)}
    assert all(each.threat is ThreatType.SUSPICIOUS for each in answer.findings)
    return [(each.reason, urls[each.number]) for each in answer.findings]


@pytest.mark.parametrize(
    "html",
    [
        '<a href="file://evil.com/a">x</a>',
        '<a href="\\\\evil.com\\a">x</a>',
        '<a href="fi\nle:///\\\\evil.com\\a!b">x</a>',
        '<a href="//evil.com@SSL/a">x</a>',
        '<a href="\\\\evil.com@SSL\\a">x</a>',
        '<base href="file://evil.com/a/"><a href="b.doc">x</a>',
        '<base href="\\\\evil.com\\a\\"><a href="b.doc">x</a>',
        '<form action="file://evil.com/a"></form>',
        "<p>see file://evil.com/a</p>",
        f'<a href="search-ms:{"x" * 3000}\\\\evil.com\\a">x</a>',
    ],
)
def test_a_share_outside_is_found_wherever_it_stands(html: str) -> None:
    (found,) = findings(html)
    assert found[0] == SHARE
    assert "//evil.com/" in found[1]


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (CALENDAR.format("file://evil.com/a"), "text/calendar"),
        (CALENDAR.format("\\\\\\\\evil.com\\\\a"), "text/calendar"),
        ("see\r\n\\\\evil.com\\a", "text/plain; charset=iso-2022-kr"),
    ],
)
def test_a_share_outside_is_found_in_a_part_that_stays_as_it_is(body: str, media_type: str) -> None:
    ((reason, url),) = findings(body, media_type)
    assert (reason, url.split("/")[2]) == (SHARE, "evil.com")


@pytest.mark.parametrize(
    "href", ["file://files.acme.com/a", "\\\\files\\a", "file:///C:/a", "//evil.com/a", "cid:\\\\evil.com\\a"]
)
def test_own_shares_and_what_is_none_are_not(href: str) -> None:
    assert findings(f'<a href="{href}">x</a>') == []


def test_a_link_of_another_scheme_with_more_addresses_than_are_looked_up_is_suspicious() -> None:
    decoys = "|".join(f"https://{number}.com/" for number in range(30))
    found = findings(f'<a href="ms-word:{decoys}|https://evil.com/">x</a>')
    assert {reason for reason, _ in found} == {MANY}


@pytest.mark.parametrize("base", ["\\\\evil.com\\a\\", "file://evil.com/a/"])
def test_a_base_in_the_header_may_be_a_share(base: str) -> None:
    raw = f"Content-Base: {base}\r\n".encode() + message('<a href="b.doc">x</a>', "text/html")
    answer, _ = protect(REQUEST, raw, RING)
    (other,) = answer.others
    assert other.url.endswith("://evil.com/a/b.doc")
    assert [each.reason for each in answer.findings] == [SHARE]


def test_what_would_cost_too_much_is_not_looked_at_and_the_mail_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backstamp.urls.layers._MOST_CHARACTERS", 5_000)
    costly = "https://safe.example/" + "".join(f"?u=https://a{n}.example/&" for n in range(30))
    imitation = "https://paypal.com@evil.example/"
    links = f'<a href="{costly}">a</a>\r\n' * 5 + f'<a href="{imitation}">b</a>'
    seals = (Seal(None, ANONYMOUS),)
    request = msgspec.structs.replace(REQUEST, mode=ProtectionMode.PROTECT, seals=seals)
    raw = message(links, "text/html; charset=utf-8")
    answer, (patches,) = protect(request, raw, RING)
    assert answer.unprotected == ("too_costly",)
    assert len(answer.links) == 6
    found = {(each.number, each.reason) for each in answer.findings}
    assert (6, ThreatReason.HOST_IN_USERINFO.value) in found
    assert 0 < len({number for number, _ in found}) < 6
    sealed = re.findall(rb't.example.net/([\w-]+)"', apply_patches(raw, patches))
    tokens = [open_token(RING, each.decode()) for each in sealed]
    # What was not looked at is warned of when it is clicked.
    assert [isinstance(each, LinkToken) and each.doubtful for each in tokens] == [True] * 6


def test_addresses_of_other_schemes_that_are_too_many_to_read_are_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backstamp.gateway.rewriter.protecting._MOST_ELSEWHERE", 50)
    links = "".join(f'<a href="file://evil{n}.com/a">a</a>' for n in range(5))
    answer, _ = protect(REQUEST, message(links, "text/html; charset=utf-8"), RING)
    assert answer.unprotected == ("other_scheme", "too_costly")
    assert [each.url for each in answer.others] == ["http://evil0.com/a", "http://evil1.com/a"]
    assert len(answer.findings) == 2


@pytest.mark.parametrize("href", ["//evil.com/a", "ftp://evil.com/a", "file://evil.com/a"])
def test_a_short_one_is_not_hidden_by_long_ones_before_it(href: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backstamp.gateway.rewriter.protecting._MOST_ELSEWHERE", 50)
    links = f'<a href="foo:{"x" * 100}">a</a>' * 2 + f'<a href="{href}">b</a>'
    answer, _ = protect(REQUEST, message(links, "text/html; charset=utf-8"), RING)
    assert "too_costly" in answer.unprotected
    assert [each.url.split("/")[2] for each in answer.others] == ["evil.com"]
