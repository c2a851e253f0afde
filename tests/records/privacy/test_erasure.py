"""One person is erased: nothing names them any more, what comes later is not taken, all sums are right."""

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from django.db import connection

from backstamp.policy import SuppressionReason
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.ingest.batches import Ingested, ingest
from backstamp.records.memory.today import Memory
from backstamp.records.models import (
    Alert,
    AlertPerson,
    ClickedHostPerson,
    Consent,
    ErasedCopy,
    Event,
    ListWish,
    Message,
    MessageRollup,
    ProtectionException,
    ReaderReportRow,
    Recipient,
    SenderDomain,
    Suppression,
    UnmatchedReport,
)
from backstamp.records.privacy import erased_copies, retention
from backstamp.records.privacy.erasure import copies, mentioning_rows
from backstamp.records.privacy.erasure.mentions import Mentions
from backstamp.records.privacy.erasure.person import erase
from backstamp.records.protection import own_lists
from backstamp.records.queries import search
from backstamp.records.reports import matching
from backstamp.records.reports.matching import Clues, Finding, Statement
from backstamp.records.rollups.rebuild import rebuild
from backstamp.records.suppression import suppression_list
from backstamp.records.suppression.suppression_list import Entry
from backstamp.tokens import Keyring
from backstamp.vocabulary import (
    ClickAction,
    EventType,
    JournalRecord,
    Queued,
    QueuedLink,
    QueuedRecipient,
    ReaderReportKind,
    WishAct,
)
from tests.records import received
from tests.records.dump import dump
from tests.records.journal_records import START_US, after, batch, click, delivery, pixel, queued, report, wish

RING = Keyring.create(b"k" * 32, b"a" * 32, 1)
ANNA, BERT = "Anna.Kim@example.com", "bert@example.com"
KEY, BERTS = RING.recipient_key(ANNA), RING.recipient_key(BERT)
ALONE, SHARED, CAME_IN, OTHERS = (0xF00D_0000_0000_0010 + n for n in range(4))
SPELLINGS = ["anna.kim@example.com", "ANNA.KIM@EXAMPLE.COM.", '"anna.kim"@Example.com']


def sent(message: int, *addresses: str, sender: str = "me@example.org") -> Queued:
    people = tuple(QueuedRecipient(n, each, RING.recipient_key(each)) for n, each in enumerate(addresses))
    return msgspec.structs.replace(queued(message=message), recipients=people, sender=sender)


def journal() -> list[JournalRecord]:
    shared = msgspec.structs.replace(
        sent(SHARED, ANNA, BERT),
        subject="For anna.kim@example.com",
        tracked_links=tuple(
            QueuedLink(n, f"https://example.net/{n}?u=anna.kim%40example.com", "ask Anna.Kim@Example.com")
            for n in range(3)
        ),
        manifest='{"links":["mailto:\\"anna.kim\\"@example.com","\\nanna.kim@example.com"]}',
    )
    people = (QueuedRecipient(0, ANNA, KEY), QueuedRecipient(1, BERT, BERTS))
    named = msgspec.structs.replace(
        report(9, EventType.BOUNCED, index=1, message=SHARED),
        text="550 <anna.kim@example.com> is behind it",
    )
    return [
        sent(ALONE, '"anna.kim"@Example.com'),
        shared,
        received.received(message=CAME_IN, recipients=people),
        sent(OTHERS, BERT, sender=ANNA),
        *(delivery(1, message=each) for each in (ALONE, SHARED, CAME_IN, OTHERS)),
        delivery(1, message=SHARED, index=1),
        *(
            pixel(40 + n, key=KEY, message=each)
            for n, each in enumerate((ALONE, SHARED, 0xF00D_0000_0000_0099))
        ),
        pixel(50, key=BERTS, message=SHARED, source=b"source-9"),
        click(60, message=SHARED),
        click(70, message=SHARED, index=1, source=b"source-9"),
        report(80, EventType.COMPLAINED, message=ALONE),
        named,
        received.followed(90, message=CAME_IN),
        received.followed(95, ClickAction.ALLOW, message=CAME_IN, link=1),
        received.reader_report(
            99, ReaderReportKind.MISTAKE, message=CAME_IN, text="I am anna.kim@example.com"
        ),
        msgspec.structs.replace(wish(WishAct.UNSUBSCRIBE, 100, message=SHARED), recipient_key=KEY),
        msgspec.structs.replace(wish(WishAct.MAIL_RECORDS, 101, message=SHARED), recipient_key=KEY),
    ]


def filled(memory: Memory | None = None) -> None:
    """Put everything there that can name Anna."""
    our = SenderDomain.objects.create(name="our.example")
    ingest(batch("p", journal()), after(2000), memory)
    entry = Entry(
        address=ANNA,
        recipient_key=KEY,
        reason=SuppressionReason.MANUAL,
        since=after(0),
        evidence=f"{ANNA} asked",
    )
    suppression_list.add([entry])
    Consent.objects.create(address=ANNA, recipient_key=KEY, opens="given", links="given")
    own_lists.add(own_lists.Kind.BLOCKED, "evil.example", ANNA, RING, by="me", note="")
    ProtectionException.objects.create(domain=our, kind="mailbox", value=ANNA.lower(), recipient_key=KEY)
    statement = Statement(type=EventType.BOUNCED, address=ANNA, text="no such user")
    matching.keep(Finding(at_us=START_US, clues=Clues(), statements=(statement,)))


def everything() -> Iterator[tuple[str, str]]:
    """Yield table and text of each value in the database."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                for value in row:
                    raw = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    yield table, raw.decode("latin-1").lower()


def naming(*texts: str) -> set[str]:
    return {table for table, value in everything() for text in texts if text in value}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_table_names_the_person_in_any_spelling(spelling: str) -> None:
    filled()
    before = naming("anna.kim")
    assert len(before) == 13
    assert erase(spelling, RING, after(3000)) is not None
    assert naming("anna.kim") == set()
    assert naming(KEY.decode("latin-1").lower()) == {"records_consent", "records_suppression"}
    assert "bert@example.com" in {value for _, value in everything()}


def test_the_figures_say_what_was_found_and_the_second_time_there_is_nothing() -> None:
    filled()
    found = erase(ANNA, RING, after(3000))
    assert found is not None
    assert (found.messages, found.shared) == (1, 2)
    assert found.events > 7
    before = dump()
    assert erase(ANNA, RING, after(3001)) is None
    assert erase("nobody@example.com", RING, after(3001)) is None
    assert dump() == before


def test_all_rows_are_looked_through_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mentioning_rows, "_LOOKED_THROUGH", 2)
    filled()
    number, pieces = mentioning_rows.number_of_rows(), list[int]()
    assert erase("nobody@example.com", RING, after(3000), pieces.append) is None
    assert (sum(pieces), max(pieces)) == (number, 2)
    assert erase(ANNA, RING, after(3001)) is not None
    assert naming("anna.kim") == set()


def test_mail_to_them_alone_goes_and_of_shared_mail_their_copy() -> None:
    filled()
    shared = MessageRollup.objects.get(message__subject__startswith="For ")
    assert (shared.opened, shared.clicked, shared.troubled) == (2, 1, 1)
    erase(ANNA, RING, after(3000))
    assert set(Message.objects.values_list("pk", flat=True)) == {
        row.message_id for row in Recipient.objects.all()
    }
    assert set(Recipient.objects.values_list("index", "address")) == {(1, BERT), (0, BERT)}
    assert Message.objects.count() == 3
    shared = MessageRollup.objects.get(message__subject="For (erased)")
    # What follows links after a bounce is no person.
    assert (shared.opened, shared.clicked, shared.troubled) == (1, 0, 1)
    assert set(Message.objects.values_list("sender", flat=True)) == {
        "me@example.org",
        "stranger@elsewhere.example",
        "@example.com",
    }


def test_sums_are_those_that_a_rebuild_makes() -> None:
    filled()
    erase(ANNA, RING, after(3000))
    before = dump()
    rebuild()
    assert dump() == before


def test_only_the_pseudonym_stays_suppressed_and_with_both_consents_withdrawn() -> None:
    filled()
    erase(ANNA, RING, after(3000))
    entries = Suppression.objects.filter(recipient_key=KEY)
    assert {(each.reason, each.address, each.evidence) for each in entries} == {
        ("manual", "", ""),
        ("complaint", "", ""),
        ("unsubscribed", "", ""),
    }
    consent = Consent.objects.get()
    assert (consent.address, consent.opens, consent.links) == (KEY.hex(), "withdrawn", "withdrawn")
    assert not ListWish.objects.exists()
    assert not UnmatchedReport.objects.exists()
    assert not ReaderReportRow.objects.exists()
    assert not AlertPerson.objects.filter(recipient_index=0).exists()
    assert not ClickedHostPerson.objects.exists()
    assert Alert.objects.exists()


def late() -> list[JournalRecord]:
    said = msgspec.structs.replace(
        report(4000, EventType.BOUNCED, message=SHARED), text="<anna.kim@example.com> secret words"
    )
    return [
        *(pixel(4000, key=KEY, message=each) for each in (ALONE, SHARED)),
        *(click(4010, message=each) for each in (ALONE, SHARED)),
        said,
        msgspec.structs.replace(said, tracking_id=ALONE, type=EventType.DEFERRED),
        msgspec.structs.replace(delivery(4020, message=ALONE, code=450), text="secret words"),
        msgspec.structs.replace(delivery(4020, message=SHARED, code=450), text="secret words"),
        received.followed(4030, message=CAME_IN),
        received.reader_report(4040, ReaderReportKind.PHISHING, message=CAME_IN, text="secret words"),
        sent(ALONE, ANNA),
        sent(SHARED, ANNA, BERT),
    ]


def test_what_comes_later_brings_nothing_of_theirs_back() -> None:
    memory = Memory()
    filled(memory)
    erase(ANNA, RING, after(3000))
    before = dump()
    done = ingest(batch("p", late(), start=100), after(5000), memory)
    assert (done.dropped, done.replayed) == (11, 0)
    assert naming("anna.kim", "secret words") == set()
    left = dump()
    for table in ("Recipient", "Link", "Suppression", "Consent"):
        assert left[table] == before[table]
    assert {(e.recipient_index, e.type) for e in Event.objects.filter(at__gte=after(4000))} == set()


def test_a_wish_after_it_is_obeyed_and_no_new_mail_puts_the_address_to_it() -> None:
    filled()
    erase(ANNA, RING, after(3000))
    Suppression.objects.all().delete()
    again = msgspec.structs.replace(wish(WishAct.UNSUBSCRIBE, 4000, message=SHARED), recipient_key=KEY)
    ingest(batch("p", [again], start=100), after(5000))
    ingest(batch("p", [sent(0xF00D_0000_0000_0077, ANNA)], start=200), after(5000))
    assert [each.address for each in Suppression.objects.all()] == [""]
    assert [each.address for each in Consent.objects.all()] == [KEY.hex()]
    assert not Event.objects.filter(type="unsubscribed").exists()


def test_what_ingest_holds_in_memory_is_forgotten_with_them() -> None:
    memory = Memory()
    filled(memory)
    erase(ANNA, RING, after(3000))
    hits = [pixel(4000, key=BERTS, message=SHARED), click(4010, message=SHARED, index=1, link=2)]
    done: Ingested = ingest(batch("p", hits, start=100), after(5000), memory)
    assert done.dropped == 0
    before = dump()
    rebuild()
    assert dump() == before


class KilledError(Exception):
    """The process dies here."""


@pytest.mark.parametrize("step", range(1, 9))
def test_who_is_killed_in_the_middle_begins_again(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    filled(memory)
    monkeypatch.setattr(copies, "_SLICE", 1)
    monkeypatch.setattr(mentioning_rows, "_SLICE", 1)
    monkeypatch.setattr(retention, "_EVENT_SLICE", 2)
    mark, steps = erased_copies.mark, iter(range(1, 1000))

    def dying(*arguments: object) -> None:
        if next(steps) == step:
            raise KilledError
        mark(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(copies, "mark", dying)
    with pytest.raises(KilledError):
        erase(ANNA, RING, after(3000))
    hits = [click(4000, message=SHARED), pixel(4001, key=BERTS, message=SHARED, source=b"source-9")]
    ingest(batch("p", hits, start=100), after(5000), memory)
    assert erase(ANNA, RING, after(5001)) is not None
    assert naming("anna.kim") == set()
    before = dump()
    rebuild()
    assert dump() == before


def test_nobody_is_erased_in_the_middle_of_a_batch() -> None:
    filled()
    done: list[str] = []

    def erase_them() -> None:
        try:
            erase(ANNA, RING, after(3000))
            done.append("erased")
        finally:
            connection.close()

    thread = threading.Thread(target=erase_them)
    with one_at_a_time():
        thread.start()
        thread.join(1)
        assert Recipient.objects.filter(address__iexact=ANNA).count() == 2
        done.append("ingested")
    thread.join(60)
    assert done == ["ingested", "erased"]
    assert naming("anna.kim") == set()


def test_the_marks_of_copies_go_when_their_mail_would_have() -> None:
    filled()
    erase(ANNA, RING, after(3000))
    assert ErasedCopy.objects.count() == 3
    retention.delete_before(after(2999))
    assert ErasedCopy.objects.count() == 3
    retention.delete_before(after(3001))
    assert not ErasedCopy.objects.exists()


def test_nothing_of_them_can_be_read_in_the_files_of_sqlite(database: Path, vendor: str) -> None:
    if vendor == "postgresql":
        return
    filled()
    retention.write_back()
    erase(ANNA, RING, after(3000))
    retention.write_back()
    files = {path.name: path.read_bytes().lower() for path in database.parent.glob("backstamp.db*")}
    assert [name for name, data in files.items() if b"anna.kim@" in data] == []


def test_nothing_of_them_is_left_in_the_index_of_a_search(vendor: str) -> None:
    """Trigrams with their places are as good as the words."""
    if vendor == "postgresql":
        return
    odd = "xk\u0167\u014b@example.com"
    ingest(batch("p", [sent(ALONE, odd), sent(SHARED, BERT, odd), sent(OTHERS, BERT)]), after(10))

    def indexed() -> bytes:
        with connection.cursor() as cursor:
            cursor.execute("SELECT block FROM records_messagesearch_data")
            return b"".join(bytes(block) for (block,) in cursor.fetchall())

    assert "\u0167\u014b".encode() in indexed()
    erase(odd, RING, after(3000))
    search.forget_deleted()
    assert "\u0167".encode() not in indexed()
    assert "\u014b".encode() not in indexed()
    assert len(search.first_found(MessageRollup.objects.order_by("-queued_at"), "bert@", 9)) == 2


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("joanna.kim@example.com", None),
        ("anna.kim@example.com.au", None),
        ("anna.kim@example.community", None),
        ("to anna.kim@example.com.", "to (erased)."),
        ("bounce-anna.kim=example.com@lists.example", None),
        ("?u=anna.kim%40example.com&x", "?u=(erased)&x"),
        ("u%3Danna.kim@EXAMPLE.com", "u%3D(erased)"),
        ("<anna.kim=example.com@lists.example>", "<(erased)@lists.example>"),
    ],
)
def test_an_address_is_found_whole_and_no_longer_one(text: str, without: str | None) -> None:
    assert Mentions("anna.kim@example.com").without(text) == (without or text)


def test_a_domain_is_found_in_both_its_spellings() -> None:
    for typed in ("jö@müller.example", "jö@xn--mller-kva.example"):
        said = "jö@MÜLLER.example, jö@xn--mller-kva.example, j%C3%B6%40müller.example"
        assert Mentions(typed).without(said) == "(erased), (erased), (erased)"
