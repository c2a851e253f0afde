"""A search finds what holds the words, newest first, in both databases and however deep it lies."""

import msgspec
import pytest

from backstamp.records.events.message_rows import MOST_HOSTS
from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Message, MessageText
from backstamp.records.privacy.retention import delete_before
from backstamp.records.queries import search
from backstamp.records.queries.received_mail import received_page
from backstamp.records.queries.sent_mail import ListFilter, message_page
from backstamp.records.rollups.rebuild import rebuild
from backstamp.vocabulary import QueuedLink
from tests.records.journal_records import SECOND, after, batch, click, delivery, queued
from tests.records.received import EVIL, GOOD, received

SUBJECTS = (
    *("Grüße aus Ulm", "100% sure", "a_b", 'say "hello"', "back\\slash", "zebra", "Offer", "offer two"),
    *("日本語の件名", "x'; DROP TABLE", "AND OR NOT", "*", "xx"),
)


@pytest.fixture(params=[1000, 2], ids=["newest", "index"])
def filled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "NEWEST", request.param)
    records = [
        msgspec.structs.replace(
            queued(message=number), subject=subject, at_us=queued().at_us + number * SECOND
        )
        for number, subject in enumerate(SUBJECTS, 1)
    ]
    ingest(batch("a", [*records, delivery(1, message=6), click(600, message=6)]), after(1000))


def found(words: str, which: ListFilter = ListFilter.ALL) -> list[str]:
    return [row.message.subject for row in message_page(search=words, which=which).rows]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("words", "subjects"),
    [
        ("GRÜSSE", []),
        ("grüße", ["Grüße aus Ulm"]),
        ("AUS ULM", ["Grüße aus Ulm"]),
        ("100%", ["100% sure"]),
        ("0% s", ["100% sure"]),
        ("a_b", ["a_b"]),
        ('"hello', ['say "hello"']),
        ("k\\s", ["back\\slash"]),
        ("ZEBRA", ["zebra"]),
        ("offer", ["offer two", "Offer"]),
        ("本語の", ["日本語の件名"]),
        ("x'; drop", ["x'; DROP TABLE"]),
        ("and or not", ["AND OR NOT"]),
        ("*", ["*"]),
        ("xx", ["xx"]),
        ("nowhere", []),
        ("bert@example", list(reversed(SUBJECTS))),
        ("<1@example.org>", list(reversed(SUBJECTS))),
    ],
)
def test_words_are_found_wherever_they_stand(words: str, subjects: list[str]) -> None:
    assert found(words) == subjects


@pytest.mark.usefixtures("filled")
def test_a_filter_narrows_what_is_found() -> None:
    assert found("zebra", ListFilter.CLICKED) == ["zebra"]
    assert found("offer", ListFilter.CLICKED) == []


@pytest.mark.usefixtures("filled")
def test_what_arrives_late_is_found_at_its_time() -> None:
    late = msgspec.structs.replace(
        queued(message=0), subject="late offer", at_us=queued().at_us + 7 * SECOND + SECOND // 2
    )
    ingest(batch("b", [late]), after(1000))
    assert found("offer") == ["offer two", "late offer", "Offer"]
    assert MessageText.objects.latest("pk").message_id == 0


@pytest.mark.usefixtures("filled")
def test_a_search_goes_on_where_the_page_before_ended() -> None:
    pages: list[list[str]] = []
    older = ""
    while not pages or older:
        page = message_page(search="bert@example", before=older, size=5)
        pages.append([row.message.subject for row in page.rows])
        older = page.older
    assert pages == [list(reversed(SUBJECTS))[at : at + 5] for at in (0, 5, 10)]


@pytest.mark.usefixtures("filled")
def test_what_is_changed_or_deleted_is_found_as_it_is_now() -> None:
    MessageText.objects.filter(text__contains="zebra").update(text="quagga")
    assert (found("zebra"), found("quagga")) == ([], ["zebra"])
    rebuild()
    assert (found("zebra"), found("quagga")) == (["zebra"], [])
    Message.objects.filter(subject="zebra").update(queued_at=after(-9000))
    delete_before(after(-8000))
    assert found("zebra") == []


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("YOUR ACCOUNT", [102, 101]),
        ("stranger@elsewhere", [102, 101]),
        ("good.example", [102]),
        (GOOD, [102]),
        ("evil.example", [101]),
        ("offer", []),
    ],
)
def test_received_mail_is_found_apart_from_sent_mail(words: str, numbers: list[int]) -> None:
    records = [received(EVIL, message=101), received(GOOD, message=102, seconds=1)]
    ingest(batch("r", records), after(1000))
    assert [row.message.tracking_id for row in received_page(search=words).rows] == numbers
    assert not [row for row in message_page(search=words).rows if row.message.tracking_id in numbers]


def test_sent_mail_is_found_by_the_host_of_a_link_and_by_nothing_else_of_its_url() -> None:
    urls = (
        "https://me:secret@Shop.example:8443/spring-sale",
        "https://shop.example/2",
        "http://[2001:db8::7]/",
    )
    many = tuple(f"https://h{number}.example/" for number in range(MOST_HOSTS + 1))
    letters = [
        msgspec.structs.replace(
            queued(message=number),
            tracked_links=tuple(QueuedLink(n, url, "words") for n, url in enumerate(links)),
            subject=f"Mail {number}",
        )
        for number, links in enumerate((urls, many), 1)
    ]
    ingest(batch("a", letters), after(10))
    for _ in range(2):
        assert found("SHOP.example") == found("hop.ex") == found("[2001:db8::7]") == ["Mail 1"]
        assert found(f"h{MOST_HOSTS - 1}.example") == ["Mail 2"]
        assert found(f"h{MOST_HOSTS}.example") == found("spring-sale") == found("secret") == []
        assert MessageText.objects.get(message=1).text.count("shop.example") == 1
        rebuild()
