"""What comes back is on the timeline of its message, and with its sender, before it is acknowledged."""

import asyncio
import smtplib
import time
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from backstamp.journal import JournalWriter
from backstamp.records.ingest.batches import ingest
from backstamp.records.models import DayCount, Event, Recipient, Suppression, UnmatchedReport
from backstamp.records.privacy.erasure.person import erase
from backstamp.tokens import Keyring, seal_link, seal_return_path
from backstamp.vocabulary import EventType, QueuedRecipient
from backstamp.worker import WorkerConfig
from backstamp.worker.config import ReportMailboxConfig
from backstamp.worker.onward import NextHop
from backstamp.worker.report_mailbox import mailbox
from backstamp.worker.report_mailbox.reading import finding_of
from tests.gateway.fake_next_hop import FakeNextHop
from tests.records.journal_records import MESSAGE, after, batch, queued
from tests.worker.report_mailbox.bounces import bounce
from tests.worker.running import eventually, looked_up, running

RING = Keyring.create(b"k" * 32, b"a" * 32, 1_700_000_000)
DOMAIN = "bounces.example.org"


def return_path(index: int = 0, message: int = MESSAGE) -> str:
    return f"{seal_return_path(RING, tracking_id=message, recipient_index=index)}@{DOMAIN}"


@pytest.fixture
async def next_hop() -> AsyncIterator[FakeNextHop]:
    fake = await FakeNextHop().start()
    yield fake
    await fake.stop()


@pytest.fixture
def reports(config: WorkerConfig, next_hop: FakeNextHop, tmp_path: Path) -> WorkerConfig:
    mailbox = ReportMailboxConfig(
        listen=f"unix:{tmp_path / 'reports.sock'}",
        domain=DOMAIN,
        next_hop=NextHop(address=next_hop.url, hostname="backstamp.example"),
        max_bytes=1_000_000,
        keyring=lambda: RING,
        journal=lambda: JournalWriter(tmp_path / "journal", role="worker"),
    )
    return msgspec.structs.replace(config, reports=mailbox)


async def hand_in(config: WorkerConfig, mail: bytes, to: str) -> str:
    """Give a mail to the report mailbox by LMTP; return the reply."""
    assert config.reports is not None
    path = config.reports.listen.removeprefix("unix:")

    def connected() -> smtplib.LMTP:
        until = time.monotonic() + 60
        while True:
            try:
                return smtplib.LMTP(path)
            except (FileNotFoundError, ConnectionRefusedError):  # it does not listen yet
                assert time.monotonic() < until
                time.sleep(0.01)

    def speak() -> str:
        with connected() as client:
            client.ehlo()
            client.mail("")
            code, text = client.rcpt(to)
            if code == 250:
                code, text = client.data(mail)
            return f"{code} {text.decode()}"

    return await asyncio.to_thread(speak)


async def known() -> None:
    await looked_up(lambda: ingest(batch("gateway", [queued()]), after(1000)))


def events() -> list[tuple[str, int | None, Any, Any]]:
    rows = Event.objects.exclude(type="queued").order_by("id")
    return [(e.type, e.recipient_index, e.detail.get("permanent"), e.detail.get("sealed")) for e in rows]


def states() -> list[str]:
    return list(Recipient.objects.order_by("index").values_list("delivery", flat=True))


async def test_a_bounce_at_a_sealed_return_path_is_on_the_timeline_and_with_the_sender(
    reports: WorkerConfig, next_hop: FakeNextHop
) -> None:
    await known()
    async with running(reports):
        assert await hand_in(reports, bounce("alias@inside.example.com"), return_path(1)) == "250 2.0.0 Taken"
        await eventually(events, [("bounced", 1, True, True)])
    assert await looked_up(states) == ["queued", "bounced"]
    (forwarded,) = next_hop.accepted
    assert (forwarded.mail.split(" SIZE")[0], forwarded.rcpts) == (
        "MAIL FROM:<>",
        ["RCPT TO:<me@example.org>"],
    )
    assert forwarded.data.endswith(bounce("alias@inside.example.com"))
    assert forwarded.data.startswith(b"Received: by backstamp.example (Backstamp report mailbox); ")


async def test_an_address_that_we_did_not_seal_is_refused(reports: WorkerConfig) -> None:
    forged = "b-" + "a" * 45 + f"@{DOMAIN}"
    async with running(reports):
        assert await hand_in(reports, bounce(), forged) == "550 5.1.1 There is no such return path"
    assert await looked_up(events) == []


async def test_mail_that_is_no_report_is_refused_where_nobody_gets_it(reports: WorkerConfig) -> None:
    mail = b"From: bob@example.net\r\nSubject: hello\r\n\r\nHello\r\n"
    async with running(reports):
        assert (await hand_in(reports, mail, f"postmaster@{DOMAIN}")).startswith("554 5.6.0")


async def test_and_goes_to_the_sender_where_it_came_to_a_sealed_address(
    reports: WorkerConfig, next_hop: FakeNextHop
) -> None:
    await known()
    mail = b"From: bob@example.net\r\nSubject: hello\r\n\r\nHello\r\n"
    async with running(reports):
        assert await hand_in(reports, mail, return_path()) == "250 2.0.0 Taken"
    assert [mail.rcpts for mail in next_hop.accepted] == [["RCPT TO:<me@example.org>"]]


async def test_while_the_next_hop_is_away_the_reporting_server_is_asked_to_come_again(
    reports: WorkerConfig, next_hop: FakeNextHop
) -> None:
    await known()
    next_hop.script["MAIL"] = ["451 4.3.0 later"]
    async with running(reports):
        assert (await hand_in(reports, bounce(), return_path())).startswith("451 4.3.0")
        assert await looked_up(events) == []
        assert await hand_in(reports, bounce(), return_path()) == "250 2.0.0 Taken"
        await eventually(events, [("bounced", 0, True, True)])


async def test_a_bounce_that_is_quicker_than_ingest_reaches_its_sender_all_the_same(
    reports: WorkerConfig, next_hop: FakeNextHop
) -> None:
    async with running(reports):
        handing_in = asyncio.create_task(hand_in(reports, bounce(), return_path()))
        await asyncio.sleep(0.6)
        await known()
        assert await handing_in == "250 2.0.0 Taken"
        await eventually(events, [("bounced", 0, True, True)])
    assert [mail.rcpts for mail in next_hop.accepted] == [["RCPT TO:<me@example.org>"]]


async def test_a_next_hop_that_refuses_a_report_for_good_does_not_keep_it_off_the_timeline(
    reports: WorkerConfig, next_hop: FakeNextHop
) -> None:
    await known()
    next_hop.script["RCPT"] = "550 5.1.1 who?"
    async with running(reports):
        assert await hand_in(reports, bounce(), return_path()) == "250 2.0.0 Taken"
        await eventually(events, [("bounced", 0, True, True)])


async def test_a_report_that_quotes_the_message_id_is_matched_without_a_seal(reports: WorkerConfig) -> None:
    await known()
    async with running(reports):
        assert await hand_in(reports, bounce("BERT@example.com"), "bounces@example.org") == "250 2.0.0 Taken"
        await eventually(events, [("bounced", 1, True, False)])


async def test_a_mail_at_which_we_fail_is_asked_for_again_and_keeps_no_other_out(
    reports: WorkerConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await known()
    async with running(reports):
        with monkeypatch.context() as patch:
            patch.setattr(mailbox, "finding_of", lambda *_, **__: 1 // 0)
            assert (await hand_in(reports, bounce(), "bounces@example.org")).startswith("451 4.3.0 ")
        assert "a report met a fault of ours" in caplog.text
        assert await hand_in(reports, bounce(), "bounces@example.org") == "250 2.0.0 Taken"


async def test_a_report_that_returns_our_link_is_matched_by_it(reports: WorkerConfig) -> None:
    await known()
    token = seal_link(
        RING, domain_id=0, tracking_id=MESSAGE, recipient_index=1, link_number=0, url="https://example.net/0"
    )
    halves = f"https://t.example.org/{token[:20]}=\r\n{token[20:]}"
    returned = f"Content-Type: text/plain\r\n\r\nsee {halves}\r\n"
    async with running(reports):
        assert (
            await hand_in(reports, bounce("x@y.example", returned), "bounces@example.org")
            == "250 2.0.0 Taken"
        )
        await eventually(events, [("bounced", 1, True, False)])


async def test_of_who_was_erased_no_report_is_kept_that_only_names_their_address(
    reports: WorkerConfig,
) -> None:
    both = msgspec.structs.replace(
        queued(),
        recipients=tuple(
            QueuedRecipient(n, address, RING.recipient_key(address))
            for n, address in enumerate(("anna@example.com", "bert@example.com"))
        ),
    )
    await looked_up(lambda: ingest(batch("gateway", [both]), after(1000)))
    await looked_up(lambda: erase("anna@example.com", RING))
    async with running(reports):
        for returned in ("Message-ID: <1@example.org>\r\n", "Message-ID: <2@example.org>\r\n"):
            taken = await hand_in(reports, bounce("Anna@Example.com", returned), "bounces@example.org")
            assert taken == "250 2.0.0 Taken"
        await hand_in(reports, bounce("bert@example.com"), "bounces@example.org")
        await eventually(events, [("bounced", 1, True, False)])
    assert await looked_up(UnmatchedReport.objects.count) == 0


async def test_a_report_of_an_unknown_message_is_kept(reports: WorkerConfig) -> None:
    async with running(reports):
        assert await hand_in(reports, bounce(), "bounces@example.org") == "250 2.0.0 Taken"
    rows = await looked_up(
        lambda: list(UnmatchedReport.objects.values_list("words", "addresses", "reporter"))
    )
    assert rows == [("bounced", "anna@example.com", "mx.example.net")]
    assert await looked_up(events) == []


@pytest.mark.parametrize(
    ("feedback", "expected"),
    [("abuse", [EventType.COMPLAINED]), ("not-spam", []), ("auth-failure", [])],
)
def test_only_a_readers_feedback_is_a_complaint(feedback: str, expected: list[EventType]) -> None:
    raw = (
        "From: reports@isp.example\nTo: x@example.org\nSubject: report\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="=x"\n\n'
        f"--=x\n\nA report.\n--=x\nContent-Type: message/feedback-report\n\nFeedback-Type: {feedback}\n"
        "User-Agent: Filter/1\nVersion: 1\nAuth-Failure: dkim\n\n--=x\nContent-Type: message/rfc822\n\n"
        "From: ann@example.org\nTo: anna@example.com\nMessage-ID: <1@example.org>\n\nHello\n--=x--\n"
    )
    found = finding_of(raw.encode(), at_us=1, sealed=None, ring=RING)
    assert [statement.type for statement in (found.statements if found else ())] == expected


@pytest.mark.parametrize(
    ("fields", "event"),
    [
        ({"Auto-Submitted": "auto-replied"}, "autoresponded"),
        ({}, "replied"),
    ],
)
async def test_an_answer_is_on_the_timeline_and_a_persons_is_an_opening(
    reports: WorkerConfig, fields: dict[str, str], event: str
) -> None:
    await known()
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "anna@example.com", "me@example.org", "Re: Offer"
    mail["In-Reply-To"] = "<1@example.org>"
    for name, value in fields.items():
        mail[name] = value
    mail.set_content("Thank you.")
    raw = mail.as_bytes().replace(b"\n", b"\r\n")
    async with running(reports):
        assert await hand_in(reports, raw, "replies@example.org") == "250 2.0.0 Taken"
        await eventually(events, [(event, 0, False, False)])
    opened = await looked_up(lambda: Recipient.objects.get(index=0).opened_at is not None)
    assert opened is (event == "replied")


async def test_a_bounce_that_names_nobody_is_about_whom_its_seal_says_whoever_the_copy_was_addressed_to(
    reports: WorkerConfig,
) -> None:
    await known()
    mail = (
        b"From: MAILER-DAEMON@mx.example.com\r\nSubject: Undelivered Mail Returned to Sender\r\n\r\n"
        b"Your message could not be delivered. 550 5.1.1 unknown user\r\n\r\n"
        b"----- Original message -----\r\n\r\n"
        b"From: me@example.org\r\nTo: readers@example.org\r\nSubject: offer\r\n\r\nHello\r\n"
    )
    async with running(reports):
        assert await hand_in(reports, mail, return_path(0)) == "250 2.0.0 Taken"
        await eventually(events, [("bounced", 0, True, True)])
    assert await looked_up(lambda: [row.address for row in Suppression.objects.all()]) == ["anna@example.com"]


async def test_the_same_report_twice_or_by_another_way_is_told_once(
    reports: WorkerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One that came earlier by the clock would take the place of what was told: nobody sets it back here.
    began = time.time_ns() - time.monotonic_ns()
    steady = SimpleNamespace(time_ns=lambda: began + time.monotonic_ns())
    monkeypatch.setattr(mailbox, "time", steady)
    await known()
    again = b"Received: by relay.example.net\r\nReturn-Path: <>\r\n" + bounce()
    another = bounce("bert@example.com")
    async with running(reports):
        for mail, to in ((bounce(), return_path(0)), (again, return_path(0)), (again, "bounces@example.org")):
            assert await hand_in(reports, mail, to) == "250 2.0.0 Taken"
        await eventually(events, [("bounced", 0, True, True)])
        assert await looked_up(lambda: Suppression.objects.all().delete()[0]) == 1
        assert await hand_in(reports, again, return_path(0)) == "250 2.0.0 Taken"
        assert await hand_in(reports, another, return_path(1)) == "250 2.0.0 Taken"
        await eventually(events, [("bounced", 0, True, True), ("bounced", 1, True, True)])
    addresses = await looked_up(lambda: list(Suppression.objects.values_list("address", flat=True)))
    assert addresses == ["bert@example.com"]
    counted = await looked_up(lambda: DayCount.objects.get(domain_id=-1, measure="bounced").number)
    assert counted == 2


async def test_what_our_seal_proves_takes_the_place_of_what_was_said_without(reports: WorkerConfig) -> None:
    await known()
    async with running(reports):
        for to in ("bounces@example.org", "bounces@example.org", return_path(0)):
            assert await hand_in(reports, bounce(), to) == "250 2.0.0 Taken"
        await eventually(events, [("bounced", 0, True, True)])
        assert await hand_in(reports, bounce(), "bounces@example.org") == "250 2.0.0 Taken"
        await eventually(events, [("bounced", 0, True, True)])
    assert await looked_up(Suppression.objects.count) == 1
    counted = await looked_up(lambda: DayCount.objects.get(domain_id=-1, measure="bounced").number)
    assert counted == 1


async def test_a_report_of_two_addresses_behind_one_tells_of_each_once(reports: WorkerConfig) -> None:
    await known()
    one = b"Final-Recipient: rfc822; eve@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    words = b"Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
    alone = bounce("eve@example.net")
    two = alone.replace(one + words, one + words + b"\r\n" + one.replace(b"eve", b"kim") + words)
    assert two != alone
    async with running(reports):
        for _ in range(2):
            assert await hand_in(reports, two, return_path(0)) == "250 2.0.0 Taken"
        await eventually(events, [("bounced", 0, True, True)] * 2)
        assert await looked_up(Suppression.objects.count) == 0, "anna's address passes mail on, and lives"
        assert await hand_in(reports, bounce(), return_path(0)) == "250 2.0.0 Taken"
        await eventually(events, [("bounced", 0, True, True)] * 3)
    assert await looked_up(Suppression.objects.count) == 1
