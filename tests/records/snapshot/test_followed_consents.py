"""What changed of very many consents is published at the price of what changed, and nothing is missed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.policy import Consent as Said
from backstamp.policy import Consents, ConsentState, encode_consents
from backstamp.records.models import Consent
from backstamp.records.snapshot import followed_consents
from backstamp.records.snapshot.followed_consents import FollowedConsents
from backstamp.records.snapshot.parts import consents
from tests.records.journal_records import ANNA, BERT

WITHDRAWN = Said(opens=ConsentState.WITHDRAWN)
LONG_AGO = timezone.now() - timedelta(days=30)


def says(key: bytes, opens: str, address: str = "") -> Consent:
    row, _ = Consent.objects.update_or_create(
        address=address or key.hex(), defaults={"recipient_key": key, "opens": opens}
    )
    return row


def news(followed: FollowedConsents) -> dict[bytes, Said]:
    found = followed.news()
    assert found is not None, "something changed"
    return dict(found)


def octets(found: Consents | None) -> bytes | None:
    return None if found is None else b"".join(encode_consents(found))


def test_a_change_is_found_without_gathering_what_all_others_said() -> None:
    says(ANNA, "granted")
    Consent.objects.update(recorded_at=LONG_AGO)
    followed = FollowedConsents()
    assert news(followed) == {ANNA: Said(opens=ConsentState.GRANTED)}
    says(BERT, "withdrawn")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert news(followed) == {ANNA: Said(opens=ConsentState.GRANTED), BERT: WITHDRAWN}
    of_consents = [each["sql"] for each in asked if "records_consent" in each["sql"]]
    assert len(of_consents) == 2
    assert all('"recorded_at" >=' in sql or '"recipient_key" IN' in sql for sql in of_consents)
    assert followed.news() is None


PEOPLE = st.sampled_from([bytes([n]) * 8 for n in range(4)])
STATES = st.sampled_from(["", "granted", "withdrawn"])


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("says"), PEOPLE, STATES),
            st.tuples(st.just("says under another address"), PEOPLE, STATES),
            st.tuples(st.just("said by a wrong clock"), PEOPLE, STATES),
            st.tuples(st.just("is deleted"), PEOPLE, STATES),
        ),
        max_size=8,
    )
)
@settings(max_examples=25, deadline=None)
def test_after_every_change_they_are_what_the_rows_say(changes: list[tuple[str, bytes, str]]) -> None:
    Consent.objects.all().delete()
    followed, published = FollowedConsents(), None
    for what, key, state in changes:
        match what:
            case "says":
                says(key, state)
            case "says under another address":
                says(key, state, f"{key.hex()}@x")
            case "said by a wrong clock":
                Consent.objects.filter(recipient_key=key).update(opens=state, recorded_at=LONG_AGO)
            case _:
                Consent.objects.filter(recipient_key=key).delete()
        news = followed.news()
        published = octets(news) or published
        assert published == octets(consents())
        assert followed.news() is None


def test_of_an_import_all_are_gathered() -> None:
    followed = FollowedConsents()
    followed.news()
    keys = [number.to_bytes(8, "big") for number in range(followed_consents.MOST_FOLLOWED + 50)]
    Consent.objects.bulk_create(
        Consent(address=key.hex(), recipient_key=key, opens="withdrawn") for key in keys
    )
    assert octets(followed.news()) == octets(Consents.said(dict.fromkeys(keys, WITHDRAWN)))


def test_what_the_last_minute_does_not_tell_is_found_a_while_later(monkeypatch: pytest.MonkeyPatch) -> None:
    says(ANNA, "withdrawn")
    followed = FollowedConsents()
    followed.news()
    Consent.objects.all().delete()
    says(BERT, "withdrawn")
    assert news(followed) == {ANNA: WITHDRAWN, BERT: WITHDRAWN}
    assert followed.news() is None
    monkeypatch.setattr(followed_consents, "GATHER_SECONDS", 0.0)
    assert news(followed) == {BERT: WITHDRAWN}
    assert followed.news() is None
