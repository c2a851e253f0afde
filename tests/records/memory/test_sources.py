"""What `Sources` keeps in memory: after `forget` it tells of later hits what it told before."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from backstamp.records.database.instants import MINUTE_US
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events.header_sets import Headers, HeaderSets
from backstamp.records.events.stored_hits import Pair, StoredHit, stored_hit
from backstamp.records.ingest.batches import ingest
from backstamp.records.memory.sources import Sources
from backstamp.verdicts.networks import NETWORKS, SHARED_ROLES
from backstamp.vocabulary import Hit, HitKind
from tests.records.journal_records import ANNA, BERT, MESSAGE, after, batch, delivery, pixel, queued

_SHARED = {label for label, network in NETWORKS.items() if network.role in SHARED_ROLES}
_NO_FIELDS = Headers(1, {}, "", b"")


def hit(source: int, pair: Pair, second: int, position: int, network: str = "") -> StoredHit:
    seen = Hit(
        at_us=second * 1_000_000,
        kind=HitKind.PIXEL,
        domain_id=1,
        tracking_id=pair[0],
        recipient_key=b"recipien",
        headers={},
        network=network,
        source=bytes([source] * 8),
    )
    return stored_hit("edge", position, pair[0], pair[1], seen, _NO_FIELDS)


FETCHES = st.lists(
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 1), st.integers(0, 400)), max_size=25
)


@given(FETCHES, st.integers(0, 6))
def test_what_came_later_has_the_same_neighbours_after_the_older_ones_went(
    fetches: Sequence[tuple[int, int, int, int]], minute: int
) -> None:
    hits = [
        (hit(source, (message, recipient), second, position), (message, recipient))
        for position, (source, message, recipient, second) in enumerate(fetches)
    ]
    whole, fresh = Sources(), Sources()
    for sources in (whole, fresh):
        sources.load((), HeaderSets())
    for each, pair in hits:
        whole.add(pair, (each,))
        if each.hit.at_us >= (minute + 1) * MINUTE_US:
            fresh.add(pair, (each,))
    whole.forget(minute)

    for each, _ in hits:
        if each.hit.at_us >= (minute + 1) * MINUTE_US:
            assert [*whole.around(each)] == [*fresh.around(each)]


def test_what_comes_from_an_address_that_many_people_share_tells_of_nobody_else() -> None:
    for network, told in ((min(_SHARED), 0), ("", 1)):
        sources = Sources()
        sources.load((), HeaderSets())
        one, other = hit(1, (1, 1), 10, 1, network), hit(1, (1, 2), 11, 2, network)
        sources.add((1, 1), (one,))
        sources.add((1, 2), (other,))
        assert len(sources.around(other)) == told


def test_a_process_that_forgets_before_its_first_hit_still_asks_what_came_before_it() -> None:
    ingest(batch("edge", [queued(), delivery(1), pixel(600, key=ANNA)]), after(3000))
    bert = stored_hit("other", 1, to_database(MESSAGE), 1, pixel(610, key=BERT), _NO_FIELDS)
    sources = Sources()
    sources.forget(1)
    sources.load(((bert,),), HeaderSets())
    sources.add((bert.message, 1), (bert,))
    assert [other.recipient for other in sources.around(bert)] == [0]
