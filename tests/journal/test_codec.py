"""Both spellings of a hit mean the same."""

import msgspec
from hypothesis import given

from backstamp.journal.codec import PackedHit, decode, encode
from backstamp.vocabulary import Hit, JournalRecord
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
