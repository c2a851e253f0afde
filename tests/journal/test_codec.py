"""Both spellings of a hit mean the same, and what earlier versions wrote is read."""

import msgspec
import pytest
from hypothesis import given

from backstamp.journal.codec import PackedHit, decode, encode
from backstamp.journal.framing import frame, seed, whole_frames
from backstamp.vocabulary import ClickAction, Delivery, EventType, Hit, HitKind, JournalRecord, Report
from tests.journal.records import hits, journal_records


@given(hits)
def test_a_packed_hit_is_read_as_the_hit_it_is(hit: Hit) -> None:
    packed = PackedHit(*msgspec.structs.astuple(hit))
    assert decode(encode(packed)) == hit
    assert len(encode(packed)) < len(encode(hit)) + 8


@given(journal_records)
def test_every_record_is_read_as_it_was_written(record: JournalRecord) -> None:
    assert decode(encode(record)) == record


def test_a_packed_hit_has_a_hits_fields_in_their_order() -> None:
    assert PackedHit.__struct_fields__ == Hit.__struct_fields__


OF_BEFORE = [
    (
        b"\x8d\xa2is\xa6report\xa5at_us\x01\xabtracking_id\x02\xa4type\xa7bounced\xafrecipient_index\x00"
        b"\xa6sealed\xc3\xa9permanent\xc3\xa5cause\xacuser_unknown\xa4code\xcd\x02&\xafenhanced_status\xa55.1.1"
        b"\xa4text\xacno such user\xa8reporter\xaemx.example.net\xa4mail\xa4ab12",
        Report(
            at_us=1,
            tracking_id=2,
            type=EventType.BOUNCED,
            recipient_index=0,
            sealed=True,
            permanent=True,
            cause="user_unknown",
            code=550,
            enhanced_status="5.1.1",
            text="no such user",
            reporter="mx.example.net",
            mail="ab12",
        ),
    ),
    (
        b"\x87\xa2is\xa8delivery\xa5at_us\x03\xabtracking_id\x02\xa4type\xa9delivered\xafrecipient_index\x00\xa4code\xcc\xfa"
        b"\xa4text\xa82.0.0 ok",
        Delivery(
            at_us=3, tracking_id=2, type=EventType.DELIVERED, recipient_index=0, code=250, text="2.0.0 ok"
        ),
    ),
]


@pytest.mark.parametrize(("payload", "record"), OF_BEFORE, ids=["a report", "a delivery"])
def test_what_an_earlier_version_wrote_is_read_and_written_so_still(
    payload: bytes, record: JournalRecord
) -> None:
    """As written before `Report.final_recipient`; who goes back to that version can read it."""
    assert decode(payload) == record
    assert encode(record) == payload


def test_a_field_that_only_a_later_version_writes_is_passed_over() -> None:
    payload, record = OF_BEFORE[1]
    assert decode(b"\x88" + payload[1:] + b"\xa5later\x01") == record


def test_a_hit_that_an_edge_of_0_1_wrote_is_read() -> None:
    """Fields may come behind these; one that moves would turn every hit of an unread journal into another."""
    payload = (
        b"\xdc\x00\x10\x05\xa8redirect\x01\x02\xa3GET\xc4\x00\x03\x04\x81\xaauser_agent\xa1x\xabapple_relay"
        b"\xc4\x08sourcexx\xc0\xa4warn\xc0\xa0\xa0"
    )
    assert decode(payload) == Hit(
        at_us=5,
        kind=HitKind.REDIRECT,
        domain_id=1,
        tracking_id=2,
        method="GET",
        recipient_key=b"",
        recipient_index=3,
        link_number=4,
        headers={"user_agent": "x"},
        network="apple_relay",
        source=b"sourcexx",
        action=ClickAction.WARN,
    )


def test_a_frame_is_what_it_was_in_0_1() -> None:
    written = b"\xff\xfeBJ\x00\x00\x00\x07i\x10;\xa8payload"
    assert frame(seed("0123456789abcdef"), 7, b"payload") == written
    assert whole_frames(seed("0123456789abcdef"), written, 7, 1) == ([(7, b"payload")], len(written))
