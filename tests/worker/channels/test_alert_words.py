"""What channels are told: everything that matters, and nothing that could be clicked or could be markup."""

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linkify_it import LinkifyIt  # type: ignore[import-untyped]

from backstamp.records.models import Outgoing
from backstamp.records.wording.notices import Act, AlertFacts, Allowance, Notice
from backstamp.records.wording.words import TITLES
from backstamp.vocabulary import AlertRule
from backstamp.worker.channels.mail.message import alert_mail
from backstamp.worker.channels.slack.payload import LONGEST_SECTION, MOST_BLOCKS
from backstamp.worker.channels.slack.payload import payload as slack_payload
from backstamp.worker.channels.webhook.payload import payload as webhook_payload
from backstamp.worker.channels.webhook.signing import signed_headers
from backstamp.worker.channels.wording import defanged, stories, title

AT = datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)
FACTS = AlertFacts(
    id=7,
    rule=AlertRule.CLICKED_BEFORE,
    opened_at=AT,
    last_at=AT,
    count=2,
    machines=3,
    domain="our.example",
    host="login.evil.example",
    url="https://login.evil.example/in?to=anna@our.example",
    threat="phishing",
    reason="listed_host",
    source="urlhaus",
    listed_since=AT,
    text="<!channel> see `http://evil.example`",
    message="f00d000000000001",
    subject="Your <b>account</b> & www.evil.example",
    people={"clicked": 1, "received": 4},
    acts=(
        Act("anna@our.example", "clicked", AT, "f00d000000000001"),
        Act("", "received", AT, "f00d000000000001"),
    ),
)
NOTICE = Notice(event_id="msg_01", kind=Outgoing.Kind.ALERT, created_at=AT, alerts=(FACTS,))
TEST = Notice(event_id="msg_02", kind=Outgoing.Kind.TEST, created_at=AT)


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in strings(each)]
    return [value] if isinstance(value, str) else []


def test_a_url_is_defanged() -> None:
    assert defanged("https://evil.example/a.b", 99) == "hxxps://evil[.]example/a[.]b"
    assert defanged("x\r\ny\u202ehttp", 99) == "x y hxxp"
    assert defanged("a" * 9, 5) == "aaaaa…"


@given(
    st.one_of(
        st.text(max_size=80),
        st.from_regex(
            r"(https?://|www\.)?[a-z@/.:?&-]{1,60}\.(com|example|de)[/a-z.@]{0,20}", fullmatch=True
        ),
    )
)
def test_no_reader_of_links_ever_finds_one_in_a_defanged_text(text: str) -> None:
    linkify = LinkifyIt()
    linkify.set({"fuzzy_ip": True})
    found = linkify.match(defanged(text, 300)) or []
    assert [match.raw for match in found if not match.schema.startswith("//")] == []


def test_the_title_says_what_happened_and_of_many_how_many() -> None:
    assert title(NOTICE) == "Dangerous link was followed before it was known: login[.]evil[.]example"
    assert title(TEST) == "Test of this channel"
    many = msgspec.structs.replace(NOTICE, alerts=(FACTS, FACTS), left_out=3)
    assert title(many) == "5 alerts"


def test_every_rule_has_its_title() -> None:
    assert TITLES.keys() == set(AlertRule)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_mail_is_plain_text_and_html_that_say_the_same_without_a_link() -> None:
    raw = alert_mail("alerts@our.example", "ops@our.example", NOTICE, AT)
    assert b"\n" not in raw.replace(b"\r\n", b"")
    message = message_from_bytes(raw, policy=policy.default)
    assert message["Subject"].startswith("[Backstamp] Dangerous link was followed before it was known: login")
    assert (message["Message-ID"], message["Auto-Submitted"]) == ("<msg_01@our.example>", "auto-generated")
    assert (message["X-Backstamp-Opens"], message["X-Backstamp-Links"]) == ("off", "off")
    plain = message.get_body(("plain",))
    html = message.get_body(("html",))
    assert plain is not None
    assert html is not None
    text = plain.get_content()
    tags = _Tags()
    tags.feed(html.get_content())
    for body in (text, tags.text):
        assert "hxxps://login[.]evil[.]example/in?to=anna@our[.]example" in body
        assert "phishing (listed host) by urlhaus, listed since 2026-03-02" in body
        assert "anna@our.example followed it, 2026-03-02 09:00:30 UTC" in body
        assert "a reader whom the link does not name received it" in body
        assert "... and 3 more" in body
        assert "3 requests by scanners" in body
        assert "Your <b>account</b> & www[.]evil[.]example (f00d000000000001)" in body
        assert "http:" not in body
    assert tags.text.startswith("Backstamp")
    assert not tags.tags & {"a", "img", "script", "b", "link", "iframe"}


ARABIC = "\u0645\u0635\u0631"
HEBREW = "\u05d0\u05d1\u05d2"


class _Isolated(HTMLParser):
    """Collects what stands outside <bdi>."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.outside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag == "bdi"

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "bdi"

    def handle_data(self, data: str) -> None:
        self.outside += "" if self.depth else data


def outside_isolates(text: str) -> str:
    return re.sub("\u2068[^\u2068\u2069]*\u2069", "", text)


def test_a_domain_in_unicode_stands_in_the_mail_as_the_dns_has_it() -> None:
    mail = alert_mail("ask@bücher.example", "chef@bücher.example", NOTICE, AT)
    fields = mail.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert fields[:2] == [b"From: ask@xn--bcher-kva.example", b"To: chef@xn--bcher-kva.example"]
    assert b"Message-ID: <msg_01@xn--bcher-kva.example>" in fields


def test_what_runs_from_right_to_left_leaves_the_order_of_all_beside_it_alone() -> None:
    facts = msgspec.structs.replace(
        FACTS,
        host=f"{ARABIC}.example",
        subject=f"{HEBREW} 1",
        text=HEBREW,
        acts=(
            Act(f"{HEBREW}@our.example", "clicked", AT, "f00d"),
            Act(f"a@{ARABIC}.example", "warned", AT, "f"),
        ),
    )
    notice = msgspec.structs.replace(NOTICE, alerts=(facts,))
    message = message_from_bytes(
        alert_mail("alerts@our.example", "ops@our.example", notice, AT), policy=policy.default
    )
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    isolated = _Isolated()
    isolated.feed(html.get_content())
    for text in (
        plain.get_content(),
        message["Subject"],
        title(notice),
        *strings(json.loads(slack_payload(notice))),
    ):
        assert not re.search("[\u0590-\u06ff]", outside_isolates(text))
    assert not re.search("[\u0590-\u06ff]", isolated.outside)
    assert f"\u2068{HEBREW}\u2069@our[.]example followed it, 2026" in plain.get_content()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("anna@our.example", "anna@our.example"),
        ('"www.evil.example/x"@our.example', '"www[.]evil[.]example/x"@our[.]example'),
        ("https:x@our.example", "hxxps:x@our[.]example"),
        ("anna@\u0440\u0430\u0443\u0440\u0430l.com", "anna@xn--l-7sba6dbr[.]com"),
        ("anna\u202e@our.example", "anna @our[.]example"),
        ("\u061canna@our.example", " anna@our[.]example"),
        ("anna", "anna"),
    ],
)
def test_an_address_is_shown_so_that_it_is_no_link_and_its_host_is_the_true_one(
    address: str, shown: str
) -> None:
    facts = msgspec.structs.replace(FACTS, acts=(Act(address, "clicked", AT, "f00d"),))
    (story,) = stories(msgspec.structs.replace(NOTICE, alerts=(facts,)))
    assert story.people[0].text == f"{shown} followed it, 2026-03-02 09:00:30 UTC".strip()


def test_every_form_says_where_an_alerts_people_are_not_all() -> None:
    full = msgspec.structs.replace(FACTS, people={"clicked": 1, "received": 9_999})
    notice = msgspec.structs.replace(NOTICE, alerts=(full,))
    message = message_from_bytes(
        alert_mail("a@our.example", "b@our.example", notice, AT), policy=policy.default
    )
    said = "no more than 10000 are kept; there may have been more"
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        assert said in body.get_content()
    assert said in json.loads(slack_payload(notice))["blocks"][1]["text"]["text"]
    whole = [
        json.loads(webhook_payload(each))["data"]["alerts"][0]["people"]["whole"] for each in (NOTICE, notice)
    ]
    assert whole == [True, False]


def test_who_was_a_machine_by_a_later_verdict_is_told_to_be_one() -> None:
    acts = (msgspec.structs.replace(FACTS.acts[0], judged="scanner"), FACTS.acts[1])
    facts = msgspec.structs.replace(FACTS, acts=acts, machines_only=True)
    notice = msgspec.structs.replace(NOTICE, kind=Outgoing.Kind.UPDATE, alerts=(facts,))
    assert title(notice) == (
        "Dangerous link was followed before it was known (by machines, it turned out): login[.]evil[.]example"
    )
    (story,) = stories(notice)
    assert story.people[0].text == (
        "anna@our.example followed it, 2026-03-02 09:00:30 UTC; by now taken for a scanner"
    )
    body = json.loads(webhook_payload(notice))
    (alert,) = body["data"]["alerts"]
    assert (body["type"], alert["machines_only"]) == ("alert.updated", True)
    assert [each["judged"] for each in alert["people"]["first"]] == ["scanner", ""]


def test_what_is_allowed_since_is_told_with_who_allows_what_and_for_whom() -> None:
    allowed = Allowance(AT, "<b>ann</b> of www.evil.example", "domain", "evil.example/")
    facts = msgspec.structs.replace(FACTS, allowed=allowed)
    notice = msgspec.structs.replace(NOTICE, kind=Outgoing.Kind.UPDATE, alerts=(facts,))
    titled = "Dangerous link was followed before it was known (allowed since): login[.]evil[.]example"
    assert title(notice) == titled
    told = dict(stories(notice)[0].facts)["Allowed"]
    assert told == (
        "evil[.]example/ is for our.example, by <b>ann</b> of www[.]evil[.]example, 2026-03-02 09:00:30 UTC"
    )
    both = msgspec.structs.replace(notice, alerts=(facts, facts))
    assert title(both) == "2 alerts (allowed since)"
    assert title(msgspec.structs.replace(notice, alerts=(facts, FACTS))) == "2 alerts"
    (alert,) = json.loads(webhook_payload(notice))["data"]["alerts"]
    assert alert["allowed"] == {
        "at": "2026-03-02T09:00:30Z",
        "by": "<b>ann</b> of www.evil.example",
        "scope": "domain",
        "expression": "evil.example/",
    }


@pytest.mark.parametrize(("machines", "said"), [(1, "1 request by scanners"), (2, "2 requests by scanners")])
def test_requests_of_machines_are_counted_as_one_says_it(machines: int, said: str) -> None:
    (story,) = stories(
        msgspec.structs.replace(NOTICE, alerts=(msgspec.structs.replace(FACTS, machines=machines),))
    )
    assert [fact.text for fact in story.facts if fact.label == "Machines"] == [
        f"{said} and the like, not counted"
    ]


def test_a_host_in_a_title_cannot_add_a_field_to_the_mail() -> None:
    facts = msgspec.structs.replace(FACTS, host="evil.example\r\nBcc: all@our.example", domain="x\r\nTo: y")
    raw = alert_mail("a@our.example", "ops@our.example", msgspec.structs.replace(NOTICE, alerts=(facts,)), AT)
    message = message_from_bytes(raw, policy=policy.default)
    assert message["Bcc"] is None
    assert message.get_all("To") == ["ops@our.example"]


def test_slack_gets_text_and_blocks_in_which_nothing_is_markup_or_a_link() -> None:
    body = json.loads(slack_payload(NOTICE))
    assert body["text"] == "Dangerous link was followed before it was known: login[.]evil[.]example"
    section = body["blocks"][1]["text"]
    assert section["verbatim"] is True
    assert "`hxxps://login[.]evil[.]example/in?to=anna@our[.]example`" in section["text"]
    assert "`&lt;!channel&gt; see 'hxxp://evil[.]example'`" in section["text"]
    assert "Your &lt;b&gt;account&lt;/b&gt; &amp; www[.]evil[.]example" in section["text"]
    for text in strings(body):
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", text)
        assert "http" not in text


def test_slack_makes_no_picture_of_a_part_of_an_address() -> None:
    facts = msgspec.structs.replace(FACTS, host="[2001:db8:100::1]", url="http://[2001:db8:100::1]/")
    body = json.loads(slack_payload(msgspec.structs.replace(NOTICE, alerts=(facts,))))
    header = body["blocks"][0]["text"]
    assert header["text"].endswith("[2001:db8:100::1]")
    assert header["emoji"] is False
    assert "Host: `[2001:db8:100::1]`" in body["blocks"][1]["text"]["text"], "code has no pictures either"


def test_slacks_limits_hold_however_much_there_is() -> None:
    facts = msgspec.structs.replace(
        FACTS,
        url="https://evil.example/" + "&" * 4000,
        text="<" * 1000,
        subject="&" * 998,
        acts=FACTS.acts * 25,
    )
    many = msgspec.structs.replace(NOTICE, alerts=(facts,) * 200, left_out=9)
    body = json.loads(slack_payload(many))
    assert len(body["blocks"]) <= MOST_BLOCKS
    for block in body["blocks"][1:]:
        assert len(block["text"]["text"]) <= LONGEST_SECTION
        assert not re.search(r"&(?!amp;|lt;|gt;)", block["text"]["text"])
    assert "and 153 more" in body["blocks"][-1]["text"]["text"]


def test_a_webhook_gets_the_facts_as_they_are() -> None:
    body = json.loads(webhook_payload(NOTICE))
    assert (body["type"], body["timestamp"]) == ("alert.raised", "2026-03-02T09:00:30Z")
    (alert,) = body["data"]["alerts"]
    assert (alert["rule"], alert["url"]) == ("clicked_before_listed", FACTS.url)
    assert alert["people"] == {
        "counts": {"clicked": 1, "received": 4},
        "whole": True,
        "first": [
            {
                "address": "anna@our.example",
                "act": "clicked",
                "at": "2026-03-02T09:00:30Z",
                "message": "f00d000000000001",
                "judged": "",
            },
            {
                "address": "",
                "act": "received",
                "at": "2026-03-02T09:00:30Z",
                "message": "f00d000000000001",
                "judged": "",
            },
        ],
    }
    assert json.loads(webhook_payload(TEST))["type"] == "channel.test"


def test_a_signature_is_that_of_the_standard() -> None:
    """The example of the specification's own libraries."""
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(min_size=24, max_size=64), st.binary(max_size=200), st.integers(0, 2**40))
def test_a_receiver_can_always_verify(key: bytes, body: bytes, timestamp: int) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    headers = signed_headers(secret, "msg_x", timestamp, body)
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert hmac.compare_digest(headers["webhook-signature"], f"v1,{expected}")


@pytest.mark.parametrize("kind", list(Outgoing.Kind))
def test_every_kind_of_message_can_be_told_by_every_channel(kind: Outgoing.Kind) -> None:
    notice = msgspec.structs.replace(NOTICE if kind is not Outgoing.Kind.TEST else TEST, kind=kind)
    assert alert_mail("a@our.example", "ops@our.example", notice, AT)
    assert json.loads(slack_payload(notice))["text"]
    assert json.loads(webhook_payload(notice))["type"]
