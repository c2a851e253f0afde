"""Recipients' own records go by mail to the address that they are about."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import msgspec
import pytest

from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Recipient, RecordsRequest
from backstamp.records.privacy import own_records
from backstamp.records.privacy.own_records import Asked, asked_for
from backstamp.vocabulary import JournalRecord, Wish, WishAct
from backstamp.worker import WorkerConfig
from backstamp.worker.config import OwnMailConfig
from backstamp.worker.onward import NextHop
from backstamp.worker.privacy import records_mail
from tests.gateway.fake_next_hop import FakeNextHop
from tests.records.journal_records import ANNA, BERT, MESSAGE, after, batch, click, delivery, queued
from tests.worker.running import eventually, looked_up, running


@pytest.fixture
async def next_hop() -> AsyncIterator[FakeNextHop]:
    fake = await FakeNextHop().start()
    yield fake
    await fake.stop()


@pytest.fixture
def mailing(config: WorkerConfig, next_hop: FakeNextHop, monkeypatch: pytest.MonkeyPatch) -> WorkerConfig:
    monkeypatch.setattr(records_mail, "RETRY_SECONDS", 0.1)
    monkeypatch.setattr(records_mail, "INTERVAL_SECONDS", 0.1)
    hop = NextHop(address=next_hop.url, hostname="backstamp.example")
    return msgspec.structs.replace(config, own_mail=OwnMailConfig(next_hop=hop, sender="privacy@example.org"))


def wish(language: str = "en", *, index: int = 0, key: bytes = ANNA, message: int = MESSAGE) -> Wish:
    return Wish(
        at_us=time.time_ns() // 1000,
        act=WishAct.MAIL_RECORDS,
        tracking_id=message,
        recipient_index=index,
        recipient_key=key,
        language=language,
    )


def prepare(*wishes: Wish) -> None:
    records: list[JournalRecord] = [
        queued(),
        delivery(1),
        click(5, link=1),
        click(6, index=1, link=2),
        *wishes,
    ]
    ingest(batch("p", records), after(3600))


def waiting() -> int:
    return RecordsRequest.objects.filter(done_at=None).count()


async def test_the_records_go_to_the_address_of_the_copy_and_hold_nobody_elses(
    mailing: WorkerConfig, next_hop: FakeNextHop
) -> None:
    await looked_up(lambda: prepare(wish("de")))
    async with running(mailing):
        await eventually(waiting, 0)
    (mail,) = next_hop.accepted
    assert (mail.mail, mail.rcpts) == ("MAIL FROM:<>", ["RCPT TO:<anna@example.com>"])
    message = message_from_bytes(mail.data, policy=policy.default)
    assert (message["From"], message["To"]) == ("privacy@example.org", "anna@example.com")
    assert message["Subject"] == "Ihre Aufzeichnungen"
    assert message["Auto-Submitted"] == "auto-replied"
    text = message.get_content()
    assert "2026-03-02 09:00:00 UTC  mail from me@example.org: Offer" in text
    assert "2026-03-02 09:00:01 UTC  sent" in text
    assert "2026-03-02 09:00:05 UTC  clicked (https://example.net/1" in text
    assert "bert" not in text
    assert "https://example.net/2" not in text


def test_a_domain_in_unicode_stands_in_the_mail_as_the_dns_has_it() -> None:
    asked = Asked(pk=1, recipient_key=ANNA, address="anna@bücher.example", language="en")
    mail = records_mail.records_mail("ask@bücher.example", asked, [], after(0))
    fields = mail.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert fields[:2] == [b"From: ask@xn--bcher-kva.example", b"To: anna@xn--bcher-kva.example"]


async def test_what_the_next_hop_does_not_take_now_is_tried_again(
    mailing: WorkerConfig, next_hop: FakeNextHop
) -> None:
    next_hop.script["RCPT"] = "451 4.2.0 later"
    await looked_up(lambda: prepare(wish()))
    async with running(mailing):
        async with asyncio.timeout(60):
            while not any(line.upper().startswith("RCPT") for line in next_hop.commands):
                await asyncio.sleep(0.02)
        assert await looked_up(waiting) == 1
        next_hop.script.clear()
        await eventually(waiting, 0)
    assert len(next_hop.accepted) == 1


async def test_who_is_not_taken_now_keeps_nobody_else_waiting(
    mailing: WorkerConfig, next_hop: FakeNextHop
) -> None:
    next_hop.script["RCPT"] = ["451 4.2.0 later"]
    await looked_up(lambda: prepare(wish(), wish(index=1, key=BERT)))
    async with running(mailing):
        await eventually(waiting, 0)
    assert [mail.rcpts for mail in next_hop.accepted] == [
        ["RCPT TO:<bert@example.com>"],
        ["RCPT TO:<anna@example.com>"],
    ]


async def test_however_many_are_not_taken_now_the_others_have_their_turn(
    mailing: WorkerConfig, next_hop: FakeNextHop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_records, "MOST_REQUESTS", 1)
    next_hop.script["RCPT anna@example.com"] = "451 4.2.0 later"
    await looked_up(lambda: prepare(wish(), wish(index=1, key=BERT)))
    async with running(mailing):
        await eventually(waiting, 1)
    assert [mail.rcpts for mail in next_hop.accepted] == [["RCPT TO:<bert@example.com>"]]


@pytest.mark.parametrize(
    "address", ["=?utf-8?q?=0a?=@example.com", "an\vna@example.com", "an:na;@example.com"]
)
async def test_an_address_of_which_no_mail_can_be_made_keeps_nobody_else_waiting(
    mailing: WorkerConfig, next_hop: FakeNextHop, address: str
) -> None:
    def ask() -> None:
        prepare(wish(), wish(index=1, key=BERT))
        Recipient.objects.filter(index=0).update(address=address)

    await looked_up(ask)
    async with running(mailing):
        await eventually(waiting, 0)
    assert [mail.rcpts for mail in next_hop.accepted] == [["RCPT TO:<bert@example.com>"]]


async def test_a_refusal_for_good_ends_it(mailing: WorkerConfig, next_hop: FakeNextHop) -> None:
    next_hop.script["RCPT"] = "550 5.1.1 no such user"
    await looked_up(lambda: prepare(wish()))
    async with running(mailing):
        await eventually(waiting, 0)
    assert next_hop.accepted == []


def test_who_names_no_copy_on_record_or_another_ones_key_gets_nothing() -> None:
    prepare(wish(message=99, key=b"nobody!!"), wish(index=0, key=BERT))
    assert asked_for(datetime.now(UTC)) == []
    assert waiting() == 0


def test_a_request_is_given_up_after_a_day_and_forgotten_after_two() -> None:
    prepare(wish())
    now = datetime.now(UTC)
    assert [asked.address for asked in asked_for(now)] == ["anna@example.com"]
    assert asked_for(now + timedelta(days=1, minutes=1)) == []
    asked_for(now + timedelta(days=2, minutes=1))
    assert not RecordsRequest.objects.exists()
