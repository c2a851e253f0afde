"""Live pages: a stream tells that something changed, beats, and ends."""

import asyncio
from collections.abc import AsyncIterator, Collection
from itertools import chain, repeat

import pytest
from django.db import OperationalError
from django.http import StreamingHttpResponse
from django.test import Client

from backstamp.console.live import watching
from backstamp.console.live.pace import Pace
from backstamp.console.live.watching import Watching
from backstamp.console.views import timeline
from backstamp.records.rollups.changes import message_version, newest_version
from backstamp.vocabulary import Actor, EventType
from tests.console.seed import event, message


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "POLL_SECONDS", 0.001)


def versions(*numbers: int) -> Watching:
    """Watch one message that has these versions one after the other, and then keeps the last."""
    rest = chain(numbers, repeat(numbers[-1]))
    return Watching(lambda _: {1: next(rest)})


async def told(watching: Watching, seen: int, count: int) -> list[str]:
    stream = timeline.change_events(watching, 1, seen)
    return [await anext(stream) for _ in range(count)]


async def test_each_new_version_is_told_once() -> None:
    first, *events = await told(versions(5, 5, 6, 6, 6, 9), 5, 3)
    assert first.startswith("retry: ")
    assert events == [
        "id: 6\nevent: changed\ndata: 6\n\n",
        "id: 9\nevent: changed\ndata: 9\n\n",
    ]


async def test_what_changed_before_the_viewer_came_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "POLL_SECONDS", 1000.0)
    shared = versions(7)
    assert (await told(shared, 3, 2))[1].startswith("id: 7\n")
    others = [asyncio.create_task(told(shared, 4, 2)) for _ in range(3)]
    assert {(await other)[1] for other in others} == {"id: 7\nevent: changed\ndata: 7\n\n"}


async def test_a_page_that_is_newer_than_the_last_look_is_told_of_nothing_older(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "POLL_SECONDS", 0.05)
    shared = versions(7, 8, 8, 9)
    assert await shared.next_version(1, 6, 5.0) == 7
    earlier = asyncio.create_task(shared.next_version(1, 7, 5.0))
    assert await shared.next_version(1, 8, 5.0) == 9
    assert await earlier == 8


async def test_a_page_is_told_of_an_older_version_where_the_database_has_become_one() -> None:
    assert await versions(4).next_version(1, 8, 5.0) == 4


async def test_of_many_viewers_some_are_told_at_once_and_the_others_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timeline, "pace", Pace(per_second=100, at_once=10))
    clock, shared = asyncio.get_running_loop().time, versions(7)

    async def told_at() -> float:
        await told(shared, 6, 2)
        return clock()

    began = clock()
    times = sorted(await asyncio.gather(*(told_at() for _ in range(50))))
    assert all(at - began >= (n - 9) / 100 - 0.001 for n, at in enumerate(times))


async def test_who_waits_long_to_be_told_hears_that_the_stream_is_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timeline, "pace", Pace(per_second=1, at_once=1))
    shared = versions(7)
    assert (await told(shared, 6, 2))[1].startswith("id: 7\n")
    monkeypatch.setattr(timeline, "HEARTBEAT_SECONDS", 0.2)
    texts = []
    async for text in timeline.change_events(shared, 1, 6):
        texts.append(text)
        if text.startswith("id: 7\n"):
            break
    assert set(texts[1:-1]) == {": still here\n\n"}


@pytest.mark.parametrize(("gap", "waits"), [(0.0, [0.0, 0.0, 0.5, 1.0]), (0.5, [0.0] * 4), (9.0, [0.0] * 4)])
def test_a_turn_comes_at_once_as_long_as_not_too_many_are_taken(gap: float, waits: list[float]) -> None:
    pace = Pace(per_second=2, at_once=2)
    times = [100.0 + gap * n for n in range(4)]
    assert [pace.turn(now) - now for now in times] == waits


async def test_a_silent_stream_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "HEARTBEAT_SECONDS", 0.0)
    assert (await told(versions(7), 7, 2))[1].startswith(": ")


async def test_a_stream_ends_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "LIFETIME_SECONDS", 0.0)
    assert [text async for text in timeline.change_events(versions(7), 1, 7)] == ["retry: 2000\n\n"]


async def test_a_viewer_who_leaves_ends_the_stream_and_the_last_one_the_looking() -> None:
    looks = 0
    loop = asyncio.get_running_loop()
    looked = asyncio.Event()

    def look(_: object) -> dict[int | None, int]:
        nonlocal looks
        looks += 1
        loop.call_soon_threadsafe(looked.set)
        return {1: 7}

    async def follow() -> None:
        async for _ in timeline.change_events(shared, 1, 7):
            pass

    shared = Watching(look)
    viewer = asyncio.create_task(follow())
    await looked.wait()
    viewer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await viewer
    async with asyncio.timeout(60):
        while shared._task is not None:  # a look that has begun is finished
            await asyncio.sleep(0.001)
    after = looks
    await asyncio.sleep(0.02)
    assert looks == after


async def test_all_viewers_share_one_look() -> None:
    looks: list[tuple[int, ...]] = []

    def look(messages: Collection[int]) -> dict[int | None, int]:
        looks.append(tuple(sorted(messages)))
        return {None: len(looks), **dict.fromkeys(messages, 100 * (len(looks) >= 5))}

    shared = Watching(look)
    one, two = ([shared.next_version(key, 0, 20) for _ in range(100)] for key in (1, 2))
    assert set(await asyncio.gather(*one, *two)) == {100}
    assert looks == [(1, 2)] * 5


async def test_while_the_database_is_away_streams_end_and_the_next_begin_anew() -> None:
    away = iter([True, False])

    def look(_: object) -> dict[int | None, int]:
        if next(away, False):
            raise OperationalError("the server is away")
        return {1: 8}

    shared = Watching(look)
    assert [text async for text in timeline.change_events(shared, 1, 7)] == ["retry: 2000\n\n"]
    assert (await told(shared, 7, 2))[1].startswith("id: 8\n")


async def test_when_the_process_ends_streams_do_whatever_they_wait_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(timeline, "pace", Pace(per_second=0.01, at_once=1))
    looks, numbers = 0, chain((7, 7), repeat(8))

    def look(_: object) -> dict[int | None, int]:
        nonlocal looks
        looks += 1
        return {1: next(numbers)}

    shared = Watching(look)
    streams = [timeline.change_events(shared, 1, 7) for _ in range(3)]
    assert [await anext(stream) for stream in streams] == ["retry: 2000\n\n"] * 3
    rest = [asyncio.create_task(_rest(stream)) for stream in streams]
    async with asyncio.timeout(60):
        while looks < 6:  # what changed has been told by then
            await asyncio.sleep(0.01)
    assert not any(task.done() for task in rest)
    shared.end()
    async with asyncio.timeout(60):
        told = [await task for task in rest]
    # One had its turn, and waits for what comes next; the others wait for their turn.
    assert sorted(told) == [[], [], ["id: 8\nevent: changed\ndata: 8\n\n"]]
    late = timeline.change_events(shared, 1, 8)
    assert await _rest(late) == ["retry: 2000\n\n"]


async def _rest(stream: AsyncIterator[str]) -> list[str]:
    return [text async for text in stream]


def test_versions_are_those_of_the_messages_asked_for_and_of_all() -> None:
    letter, other = message(1), message(2)
    event(other, EventType.OPENED, 1, Actor.HUMAN)
    assert watching.versions([letter.pk, 12345]) == {
        None: newest_version(),
        letter.pk: message_version(letter.pk),
        12345: 0,
    }


def test_a_new_event_changes_the_version_of_its_message_and_of_the_list() -> None:
    letter, other = message(1), message(2)
    before = message_version(letter.pk), message_version(other.pk), newest_version()
    event(letter, EventType.OPENED, 1, Actor.HUMAN)
    assert message_version(letter.pk) > before[0]
    assert message_version(other.pk) == before[1]
    assert newest_version() > before[2]


@pytest.mark.parametrize("path", ["/changes/", "/messages/9000000000000001/changes/"])
def test_the_stream_is_a_stream_and_closed_to_strangers(stranger: Client, admin: Client, path: str) -> None:
    message(1)
    assert stranger.get(path).status_code == 302
    answer = admin.get(path)
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert "no-store" in answer.headers["Cache-Control"]
    answer.close()


@pytest.mark.parametrize(
    ("headers", "query", "seen"),
    [
        ({}, "", 0),
        ({}, "?seen=12", 12),
        ({"Last-Event-ID": "15"}, "?seen=12", 15),
        ({}, "?seen=-1", 0),
        ({}, "?seen=²", 0),
        ({}, "?seen=" + "9" * 5000, 0),
    ],
)
def test_the_viewer_says_what_it_has_seen(
    monkeypatch: pytest.MonkeyPatch, admin: Client, headers: dict[str, str], query: str, seen: int
) -> None:
    asked: list[int] = []

    async def record(_watching: Watching, _followed: object, seen: int) -> AsyncIterator[str]:
        asked.append(seen)
        yield ""

    monkeypatch.setattr(timeline, "change_events", record)
    answer = admin.get(f"/changes/{query}", headers=headers)
    assert isinstance(answer, StreamingHttpResponse)

    async def drain() -> None:
        async for _ in answer.streaming_content:
            pass

    asyncio.run(drain())
    assert asked == [seen]
