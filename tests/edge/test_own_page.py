"""A recipient's own page: what looking does, what buttons do, and to whom."""

import asyncio
import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.edge.own_page.answering import WISHES_MOST
from backstamp.edge.own_page.asking import BODY_LIMIT, act_of
from backstamp.edge.own_page.words import WORDS
from backstamp.edge.requests import bodies
from backstamp.edge.requests.languages import language_of
from backstamp.journal import JournalReader, JournalUnavailableError, JournalWriter
from backstamp.policy import (
    Consent,
    ConsentMode,
    Consents,
    ConsentState,
    Keys,
    Privacy,
    Snapshot,
    SuppressionReason,
)
from backstamp.shared_files import publish_snapshot
from backstamp.tokens import seal_page
from backstamp.vocabulary import Wish, WishAct
from tests.edge.fake import FakeProtocol, FakeScope
from tests.edge.setting import OTHER_RING, RECIPIENT, RING, edge_in, hits_in, link, pixel
from tests.mail.test_linear import check_linear

ONE_CLICK = b"List-Unsubscribe=One-Click"
MULTIPART = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
Ask = Callable[..., FakeProtocol]


def page(domain: str = "example.org", key: bytes = RECIPIENT) -> str:
    token = seal_page(
        RING, domain_id=1, tracking_id=7, recipient_index=2, recipient_key=key, sender_domain=domain
    )
    return f"/u/{token}"


def policy(directory: Path, **changes: object) -> None:
    facts: dict[str, object] = {
        "published_at_us": 1,
        "enabled": True,
        "consent_mode": ConsentMode.OBJECTION,
        "tracking_url": "http://localhost",
        "origins": {},
    }
    publish_snapshot(directory / "snapshot", Snapshot(**(facts | changes)))  # type: ignore[arg-type]


def asker(directory: Path) -> Ask:
    edge = edge_in(directory)

    def ask(path: str, method: str = "GET", body: bytes = b"", language: str = "en") -> FakeProtocol:
        proto = FakeProtocol(pieces=[body[:9], body[9:]])
        scope = FakeScope(path, method, fields=[("accept-language", language)])
        asyncio.run(edge.__rsgi__(scope, proto))
        return proto

    return ask


def wishes(directory: Path) -> list[Wish]:
    return [
        record
        for _, record in JournalReader(directory / "journal").read({}, 1000).records
        if isinstance(record, Wish)
    ]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_it_changes_nothing(tmp_path: Path, method: str) -> None:
    reply = asker(tmp_path)(page(), method)
    assert reply.status == 200
    assert wishes(tmp_path) == []
    assert hits_in(tmp_path) == []
    if method == "HEAD":
        assert reply.body == b""
        return
    text = reply.body.decode()
    assert text.count('<form method="post">') == 4
    assert "Your mail from example.org" in text


def test_the_page_needs_no_script_and_nothing_from_elsewhere(tmp_path: Path) -> None:
    reply = asker(tmp_path)(page())
    csp = reply.field("content-security-policy") or ""
    assert csp.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'" in csp
    assert "unsafe" not in csp
    assert not re.search(rb"<script|<link|<img|src=|href=.http|\bon\w+=|style=", reply.body)
    assert "no-store" in (reply.field("cache-control") or "")
    assert reply.field("referrer-policy") == "no-referrer"


def test_each_question_stands_on_a_card_with_its_buttons(tmp_path: Path) -> None:
    shown = asker(tmp_path)(page()).body.decode()
    cards = re.findall(r"<section><h2>.*?</section>", shown, re.DOTALL)
    assert [re.findall(r'value="(\w+)"', card) for card in cards] == [
        ["unsubscribe"],
        ["stop_opens", "stop_links"],
        ["mail_records"],
    ]


@pytest.mark.parametrize("body", [ONE_CLICK, MULTIPART, b"List-Unsubscribe=One-Click\r\n"])
def test_one_click_unsubscribes(tmp_path: Path, body: bytes) -> None:
    reply = asker(tmp_path)(page(), "POST", body)
    assert reply.status == 200
    (wish,) = wishes(tmp_path)
    assert (wish.act, wish.tracking_id, wish.recipient_index) == (WishAct.UNSUBSCRIBE, 7, 2)
    assert (wish.recipient_key, wish.sender_domain, wish.shown) == (RECIPIENT, "example.org", "")


@pytest.mark.parametrize(
    "piece",
    [
        *(b"content-disposition:;name=list-unsubscribe", b";name=list-unsubscribe"),
        b"\ncontent-disposition:;name=list-unsubscribe",
    ],
)
def test_what_is_asked_for_is_found_in_a_time_that_grows_with_the_body(piece: bytes) -> None:
    """One line of the largest body took 88 ms, and no other request was answered meanwhile."""

    def make(size: int) -> Callable[[], object]:
        body = b"content-disposition:" + piece * (size // len(piece))
        return lambda: act_of(body)

    check_linear(make, BODY_LIMIT)


@pytest.mark.parametrize("act", list(WishAct))
def test_a_button_does_what_it_says_and_the_words_above_it_are_kept(tmp_path: Path, act: WishAct) -> None:
    reply = asker(tmp_path)(page(), "POST", f"act={act.value}".encode(), "de-AT,en;q=0.5")
    assert reply.status == 200
    (wish,) = wishes(tmp_path)
    above, on_it = WORDS["de"].buttons[act]
    assert wish.shown == f"{above} / {on_it}".replace("{sender}", "example.org")
    assert (wish.act, wish.language) == (act, "de")
    assert WORDS["de"].done[act].replace("{sender}", "example.org") in reply.body.decode()
    assert b'role="status"' in reply.body


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"act=", b"act=delete", b"\xff\x00=", b"x" * (BODY_LIMIT + 1)),
        *(b"&" * BODY_LIMIT, b"a=1&" * 10 + b"act=unsubscribe", b"act=unsubscribe&" * 11),
    ],
)
def test_what_is_not_understood_changes_nothing(tmp_path: Path, body: bytes) -> None:
    reply = asker(tmp_path)(page(), "POST", body)
    assert reply.status == 400
    assert wishes(tmp_path) == []


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.01)
    proto = FakeProtocol(pieces=[ONE_CLICK], never_ends=True)
    asyncio.run(edge_in(tmp_path).__rsgi__(FakeScope(page(), "POST"), proto))
    assert proto.status == 400
    assert wishes(tmp_path) == []


def test_tokens_of_other_purposes_and_other_rings_do_not_act(tmp_path: Path) -> None:
    ask = asker(tmp_path)
    foreign = seal_page(
        OTHER_RING, domain_id=1, tracking_id=7, recipient_index=2, recipient_key=RECIPIENT, sender_domain=""
    )
    for token in (pixel(), link(), foreign, "", "x"):
        assert ask(f"/u/{token}", "POST", ONE_CLICK).status == 405
        assert ask(f"/u/{token}").status == 404
    for path in (f"/{pixel()}", f"/{link()}", page().replace("/u/", "/"), page() + "/"):
        assert ask(path, "POST", ONE_CLICK).status == 405
    assert wishes(tmp_path) == []


def test_a_wish_waits_behind_no_hit(tmp_path: Path) -> None:
    ask = asker(tmp_path)
    ask(f"/{pixel()}")
    ask(page(), "POST", ONE_CLICK)
    ask(f"/{pixel()}")
    ahead = JournalReader(tmp_path / "journal").read_ahead({}, 1000)
    assert [record.act for _, record in ahead.records if isinstance(record, Wish)] == [WishAct.UNSUBSCRIBE]
    assert len(ahead.records) == 1
    assert len(hits_in(tmp_path)) == 2


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(tmp_path: Path, method: str) -> None:
    reply = asker(tmp_path)(page(), method, ONE_CLICK)
    assert (reply.status, reply.field("allow")) == (405, "GET, HEAD, POST")
    assert wishes(tmp_path) == []


def test_when_the_journal_cannot_be_written_nobody_is_told_that_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise JournalUnavailableError("the disk is full")

    monkeypatch.setattr(JournalWriter, "append_synced", full)
    reply = asker(tmp_path)(page(), "POST", ONE_CLICK)
    assert reply.status == 503
    assert b"disk" not in reply.body
    assert WORDS["en"].not_now.encode() in reply.body


def test_who_wishes_the_same_absurdly_often_is_told_to_come_again(tmp_path: Path) -> None:
    ask = asker(tmp_path)
    replies = [ask(page(), "POST", b"act=unsubscribe") for _ in range(WISHES_MOST + 1)]
    assert [reply.status for reply in replies] == [200] * WISHES_MOST + [429]
    assert WORDS["en"].not_now in html.unescape(replies[-1].body.decode())
    for others in (page("other.example"), page(key=b"somebody")):
        assert ask(others, "POST", b"act=unsubscribe").status == 200
    assert ask(page(), "POST", b"act=resubscribe").status == 200
    assert len(wishes(tmp_path)) == WISHES_MOST + 3


def test_the_page_says_what_is_so(tmp_path: Path) -> None:
    policy(
        tmp_path,
        keep_addresses=True,
        privacy=Privacy(30, "privacy@example.org"),
        suppressed={"example.org": {SuppressionReason.UNSUBSCRIBED: Keys.of({RECIPIENT})}},
        consents=Consents.said({RECIPIENT: Consent(opens=ConsentState.WITHDRAWN)}),
    )
    ask = asker(tmp_path)
    text = ask(page()).body.decode()
    assert "deleted after 30 days" in text
    assert '<a href="mailto:privacy@example.org">' in text
    assert WORDS["en"].address_kept in text
    assert re.findall(r'value="(\w+)"', text) == ["resubscribe", "stop_links", "mail_records"]
    other = ask(page(key=b"somebody")).body.decode()
    assert re.findall(r'value="(\w+)"', other) == ["unsubscribe", "stop_opens", "stop_links", "mail_records"]


def test_where_silence_is_no_consent_the_page_says_whether_one_is_on_record(tmp_path: Path) -> None:
    sentence = "No agreement of yours is on record."
    granted, withdrawn = ConsentState.GRANTED, ConsentState.WITHDRAWN
    for mode, consent, told in (
        (ConsentMode.REQUIRED, None, True),
        (ConsentMode.REQUIRED, Consent(opens=withdrawn), True),
        (ConsentMode.REQUIRED, Consent(opens=withdrawn, links=granted), False),
        (ConsentMode.REQUIRED, Consent(opens=granted), False),
        (ConsentMode.OBJECTION, None, False),
    ):
        said = {} if consent is None else {RECIPIENT: consent}
        policy(tmp_path, consent_mode=mode, consents=Consents.said(said))
        assert (sentence in asker(tmp_path)(page()).body.decode()) is told, (mode, consent)


def test_who_bounced_and_unsubscribed_is_shown_as_unsubscribed(tmp_path: Path) -> None:
    bounced = {SuppressionReason.HARD_BOUNCE: Keys.of({RECIPIENT})}
    policy(tmp_path, suppressed={"example.org": bounced})
    assert b"You are unsubscribed." not in asker(tmp_path)(page()).body
    both = bounced | {SuppressionReason.UNSUBSCRIBED: Keys.of({RECIPIENT})}
    policy(tmp_path, suppressed={"example.org": both})
    assert b"You are unsubscribed." in asker(tmp_path)(page()).body


def test_a_sender_domain_counts_whatever_its_letters(tmp_path: Path) -> None:
    policy(tmp_path, suppressed={"example.org": {SuppressionReason.UNSUBSCRIBED: Keys.of({RECIPIENT})}})
    assert b"You are unsubscribed." in asker(tmp_path)(page("Example.ORG")).body


def test_a_sealed_name_cannot_become_markup(tmp_path: Path) -> None:
    reply = asker(tmp_path)(page("<script>x"))
    assert b"&lt;script&gt;x" in reply.body
    assert b"<script" not in reply.body


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("fr-FR,de;q=0.3,en;q=0.4", "en"),
        ("fr, de;q=0", "en"),
        ("KO", "ko"),
    ],
)
def test_the_language_is_the_readers(accepted: str | None, language: str) -> None:
    assert language_of(accepted) == language


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "All of this is deleted after one day."),
        ("de", "All das wird nach einem Tag gelöscht."),
        ("ko", "이 모든 기록은 하루 후 삭제됩니다."),
    ],
)
def test_a_retention_of_one_day_is_said_as_one_says_it(tmp_path: Path, language: str, said: str) -> None:
    policy(tmp_path, privacy=Privacy(1))
    assert f"<p>{said}</p>" in asker(tmp_path)(page(), language=language).body.decode()


def test_every_language_has_every_word() -> None:
    for words in WORDS.values():
        assert set(words.buttons) == set(words.done) == set(WishAct)
        assert "{days}" in words.retention


@given(st.binary(max_size=300))
def test_no_body_makes_it_raise(body: bytes) -> None:
    act_of(body)


@given(st.lists(st.binary(max_size=9), max_size=30))
def test_no_number_of_fields_makes_it_raise(fields: list[bytes]) -> None:
    act_of(b"&".join(fields))


@given(st.text(max_size=300))
def test_no_accept_language_makes_it_raise(text: str) -> None:
    assert language_of(text) in WORDS
