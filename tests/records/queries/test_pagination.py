"""A message's events are read a page at a time, the newest first: none is left out and none comes twice."""

import pytest

from backstamp.records.queries import sent_mail
from backstamp.records.queries.pagination import Asked, place_of, read_place
from backstamp.vocabulary import Actor, EventType
from tests.console.seed import event, message, recipient


@pytest.mark.parametrize("many", [10, 10_000])
def test_earlier_events_follow_however_they_are_read(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(sent_mail, "MANY_EVENTS", many)
    monkeypatch.setattr(sent_mail, "EVENTS_SHOWN", 20)
    letter = message(1)
    for index in range(3):
        recipient(letter, index)
    made = [
        event(
            letter,
            EventType.OPENED,
            number // 6,  # several at a time, of two producers
            Actor.HUMAN,
            recipient_index=(0, 1, 2, None)[number % 4],
            producer=("5eed", "0dd")[number % 2],
        )
        for number in range(50)
    ]
    made.sort(key=lambda each: (each.at, each.producer, each.position), reverse=True)
    found, before = list[int](), ""
    for _ in range(3):
        detail = sent_mail.message_detail(letter.pk, Asked(before=before))
        assert detail is not None
        found += [each.pk for each in reversed(detail.events)]
        assert detail.more_events == (len(found) < 50)
        assert {each.recipient_index for each in detail.events} - {None} <= set(detail.people)
        before = str(place_of(detail.events[0]))
    assert found == [each.pk for each in made]


def test_a_place_is_read_as_it_was_written() -> None:
    letter = message(1)
    place = place_of(event(letter, EventType.OPENED, 1.25))
    assert read_place(str(place)) == place
