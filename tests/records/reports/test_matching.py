"""A report is put to the message and recipient that it names, or to nobody."""

import random
from datetime import timedelta

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backstamp.records.ingest.batches import ingest
from backstamp.records.models import UnmatchedReport
from backstamp.records.reports import matching
from backstamp.records.reports.matching import Clues, Finding, Named, Statement, match
from backstamp.vocabulary import EventType, Queued, QueuedRecipient, Report
from tests.records.journal_records import ANNA, MESSAGE, START_US, after, batch, queued

OTHER = 0xF00D_0000_0000_0002
STRANGER = "anna@example.net"


def bounce(*addresses: str, **clues: object) -> Finding:
    return says(EventType.BOUNCED, *addresses, **clues)


def says(event: EventType, *addresses: str, **clues: object) -> Finding:
    return Finding(
        at_us=START_US,
        clues=Clues(**clues),  # type: ignore[arg-type]
        statements=tuple(
            Statement(type=event, address=address, permanent=event is EventType.BOUNCED)
            for address in addresses
        ),
    )


def known(*messages: Queued) -> None:
    ingest(batch("gateway", messages or [queued()]), after(1000))


def indexes(found: list[Report] | None) -> list[tuple[int, int | None, bool]] | None:
    return None if found is None else [(r.tracking_id, r.recipient_index, r.sealed) for r in found]


def test_the_seal_of_the_return_path_names_message_and_recipient() -> None:
    known()
    assert indexes(match(bounce("bert@example.com", sealed=Named(MESSAGE, 1)))) == [(MESSAGE, 1, True)]


def test_a_report_that_names_a_hundred_asks_no_more_often_than_one_that_names_one() -> None:
    known()
    numbers = []
    for names in (1, 100):
        addresses = [f"u{number}@example.com" for number in range(names - 1)]
        with CaptureQueriesContext(connection) as asked:
            found = match(bounce(*addresses, "bert@example.com", tokens=(Named(MESSAGE, 0),)))
        assert found is not None
        assert found[-1].recipient_index == 1
        numbers.append(len(asked))
    assert numbers[0] == numbers[1]


def test_behind_an_alias_the_sealed_recipient_is_meant() -> None:
    known()
    assert indexes(match(bounce("anna@inside.example.com", sealed=Named(MESSAGE, 0)))) == [(MESSAGE, 0, True)]


def test_a_bounce_says_whose_mailbox_it_was_as_the_last_server_knows_it() -> None:
    said = bounce("anna@example.com", "Bert@Example.com", sealed=Named(MESSAGE, 0))
    behind = msgspec.structs.replace(said.statements[0], also=("Eve@example.net",))
    said = msgspec.structs.replace(said, statements=(behind, *said.statements))
    found = match(said)
    assert found is not None
    assert [each.final_recipient for each in found] == [
        "eve@example.net",
        "anna@example.com",
        "bert@example.com",
    ]
    answers = match(says(EventType.REPLIED, "anna@example.com", sealed=Named(MESSAGE, 0)))
    assert answers is not None
    assert [each.final_recipient for each in answers] == [""]


def test_a_bounce_that_names_nobody_says_not_whose_mailbox_it_was() -> None:
    said = bounce("team@example.com", sealed=Named(MESSAGE, 0))
    guessed = msgspec.structs.replace(said.statements[0], guessed=True)
    found = match(msgspec.structs.replace(said, statements=(guessed,)))
    assert found is not None
    assert [(each.recipient_index, each.final_recipient) for each in found] == [(0, "")]


def test_who_has_the_return_path_of_a_copy_can_say_nothing_of_another_recipient() -> None:
    known()
    assert indexes(match(bounce("bert@example.com", sealed=Named(MESSAGE, 0)))) == [(MESSAGE, 0, True)]


def test_a_sealed_message_need_not_be_ingested_yet() -> None:
    assert indexes(match(bounce("anna@example.com", sealed=Named(MESSAGE, 0)))) == [(MESSAGE, 0, True)]


def test_tokens_in_the_returned_copy_name_it_without_a_seal() -> None:
    known()
    assert indexes(match(bounce("", tokens=(Named(MESSAGE, 1),)))) == [(MESSAGE, 1, False)]
    by_pixel = bounce("", tokens=(Named(MESSAGE, None, ANNA),))
    assert indexes(match(by_pixel)) == [(MESSAGE, 0, False)]


def test_a_message_id_too_long_for_an_index_names_its_message() -> None:
    """Letters of four octets in no order, which PostgreSQL cannot make shorter: the worker stood still."""
    some = random.Random(1)
    message_id = "<" + "".join(chr(some.randrange(0x20000, 0x2A6D0)) for _ in range(990)) + "@x>"
    known(msgspec.structs.replace(queued(), message_id=message_id))
    assert indexes(match(bounce("anna@example.com", message_ids=(message_id,)))) == [(MESSAGE, 0, False)]


@pytest.mark.parametrize("event", [EventType.REPLIED, EventType.DISPLAYED, EventType.AUTORESPONDED])
def test_a_stranger_who_quotes_the_links_of_a_recipient_is_not_that_recipient(event: EventType) -> None:
    known()
    links = (Named(MESSAGE, 0),)
    assert indexes(match(says(event, "carl@elsewhere.example", tokens=links))) == [(MESSAGE, None, False)]
    assert indexes(match(says(event, "", tokens=links))) == [(MESSAGE, None, False)]
    assert indexes(match(says(event, "anna@example.com", tokens=links))) == [(MESSAGE, 0, False)]
    assert indexes(match(says(event, "bert@example.com", tokens=links))) == [(MESSAGE, 1, False)]
    sealed = says(event, "anna@inside.example.com", sealed=Named(MESSAGE, 0))
    assert indexes(match(sealed)) == [(MESSAGE, 0, True)]


def test_behind_an_alias_the_copy_that_came_back_tells_whose_it_is() -> None:
    known()
    found = match(bounce("anna@inside.example.com", tokens=(Named(MESSAGE, 0),)))
    assert indexes(found) == [(MESSAGE, 0, False)]


def test_who_complains_may_be_left_out_and_a_stranger_does_not_complain_for_a_recipient() -> None:
    known()
    links = (Named(MESSAGE, 0),)
    for address, index in (("", 0), ("4f2a@example.com", 0), ("carl@elsewhere.example", None)):
        found = match(says(EventType.COMPLAINED, address, tokens=links))
        assert indexes(found) == [(MESSAGE, index, False)]


def test_tokens_of_two_messages_name_neither() -> None:
    known(queued(), queued(message=OTHER))
    assert match(bounce("anna@example.com", tokens=(Named(MESSAGE, 0), Named(OTHER, 0)))) is None


def test_the_message_id_names_it_where_only_one_message_has_it() -> None:
    known()
    found = match(bounce("bert@example.com", message_ids=("<unknown@x>", "<1@example.org>")))
    assert indexes(found) == [(MESSAGE, 1, False)]


def test_a_report_of_somebody_who_did_not_get_it_is_about_nobody_in_particular() -> None:
    known()
    assert indexes(match(bounce(STRANGER, message_ids=("<1@example.org>",)))) == [(MESSAGE, None, False)]


def test_a_domain_in_unicode_is_the_one_in_ascii() -> None:
    recipient = QueuedRecipient(index=0, address="anna@bücher.example", recipient_key=ANNA)
    known(msgspec.structs.replace(queued(), recipients=(recipient,)))
    found = match(bounce("anna@xn--bcher-kva.example", message_ids=("<1@example.org>",)))
    assert indexes(found) == [(MESSAGE, 0, False)]


@pytest.mark.parametrize("spelling", ['"anna"@example.com', "<ANNA@Example.com>", "anna@example.com."])
def test_needless_quotation_marks_case_and_the_roots_dot_make_nobody_another_person(spelling: str) -> None:
    known()
    found = match(bounce(spelling, message_ids=("<1@example.org>",)))
    assert indexes(found) == [(MESSAGE, 0, False)]


def test_a_message_id_of_two_messages_goes_by_the_address_or_is_not_matched() -> None:
    second = msgspec.structs.replace(
        queued(message=OTHER),
        recipients=(QueuedRecipient(0, STRANGER), QueuedRecipient(1, "bert@example.com")),
    )
    known(queued(), second)
    ids = ("<1@example.org>",)
    assert indexes(match(bounce(STRANGER, message_ids=ids))) == [(OTHER, 0, False)]
    assert match(bounce("bert@example.com", message_ids=ids)) is None, "both went there"
    assert match(bounce("nobody@example.com", message_ids=ids)) is None


def test_an_unknown_message_id_matches_nothing() -> None:
    known()
    assert match(bounce("anna@example.com", message_ids=("<2@example.org>", "", "\0"))) is None
    assert match(bounce("anna@example.com")) is None


def test_an_unmatched_report_is_kept_and_matched_once_its_message_is_there() -> None:
    finding = bounce("anna@example.com", message_ids=("<1@example.org>",))
    assert match(finding) is None
    matching.keep(finding)
    row = UnmatchedReport.objects.get()
    assert (row.words, row.addresses, row.received_at) == ("bounced", "anna@example.com", after(0))
    known()
    ((pk, again),) = matching.kept(after(60))
    assert again == finding
    assert indexes(match(again)) == [(MESSAGE, 0, False)]
    matching.forget(pk)
    assert not UnmatchedReport.objects.exists()


def test_after_a_day_it_is_not_tried_again_and_goes_with_the_retention() -> None:
    matching.keep(bounce("anna@example.com", message_ids=("<1@example.org>",)))
    assert matching.kept(after(0) + timedelta(days=1, seconds=1)) == []
    assert matching.forget_before(after(-1)) == 0
    assert matching.forget_before(after(1)) == 1


def test_what_no_database_can_keep_is_replaced() -> None:
    finding = Finding(
        at_us=START_US,
        clues=Clues(),
        statements=(Statement(type=EventType.BOUNCED, address="a\0\x85b@x", text="\0no"),),
        reporter="\0mx",
    )
    matching.keep(finding)
    row = UnmatchedReport.objects.get()
    assert (row.addresses, row.text, row.reporter) == ("a\x85b@x", "no", "mx")
    assert matching.kept(after(0))[0][1] == finding
