"""No stranger fills the disk with the body of a request, or keeps a connection by never sending it."""

import asyncio
from typing import Any

import pytest

from backstamp.console.serving.body_limit import LARGEST_BODY, bounded


def ask(headers: list[tuple[bytes, bytes]], chunks: list[bytes]) -> tuple[list[Any], list[Any]]:
    """Send a request; return what the application received, and what was answered."""
    received: list[Any] = []
    answered: list[Any] = []
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]

    async def application(scope: Any, receive: Any, send: Any) -> None:
        received.extend([await receive() for _ in chunks])

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(event: Any) -> None:
        answered.append(event)

    asyncio.run(bounded(application)({"type": "http", "headers": headers}, receive, send))
    return received, answered


def assert_refused(answered: list[Any]) -> None:
    """A line says why: in the place of an empty answer browsers show a page of their own."""
    start, body = answered
    assert start["status"] == 413
    assert body["body"] == b"Too large: a form, with its file, holds at most 1,000,000 bytes.\n"
    assert dict(start["headers"])[b"content-length"] == b"%d" % len(body["body"])


def test_an_ordinary_body_comes_as_it_is() -> None:
    chunk = b"x" * (LARGEST_BODY // 2)
    received, answered = ask([(b"content-length", b"1000000")], [chunk, chunk])
    assert [event["body"] for event in received] == [chunk, chunk]
    assert answered == []


@pytest.mark.parametrize("length", [b"1000001", b"9" * 300])
def test_a_body_that_announces_too_much_is_refused_unread(length: bytes) -> None:
    received, answered = ask([(b"host", b"x"), (b"content-length", length)], [b"x"])
    assert received == []
    assert_refused(answered)


def test_a_body_without_a_length_is_cut_off_when_it_is_too_much() -> None:
    received, answered = ask([], [b"x" * LARGEST_BODY, b"x"])
    assert [event["type"] for event in received] == ["http.request", "http.disconnect"]
    assert_refused(answered)


def test_a_body_that_does_not_come_is_not_waited_for_for_ever() -> None:
    """So many strangers as there are connections kept everybody out, and had sent a header section each."""
    received: list[Any] = []
    answered: list[Any] = []
    pieces = [{"type": "http.request", "body": b"act", "more_body": True}]

    async def application(scope: Any, receive: Any, send: Any) -> None:
        received.extend([await receive(), await receive()])

    async def receive() -> Any:
        return pieces.pop(0) if pieces else await asyncio.Event().wait()

    async def send(event: Any) -> None:
        answered.append(event)

    asyncio.run(bounded(application, seconds=0)({"headers": [(b"content-length", b"9")]}, receive, send))
    assert [event["type"] for event in received] == ["http.request", "http.disconnect"]
    start, body = answered
    assert start["status"] == 408
    assert dict(start["headers"])[b"connection"] == b"close"
    assert body["body"] == b"Too late: a form has to be here within 60 seconds.\n"


def test_a_body_that_comes_in_drops_has_no_more_time_than_another() -> None:
    received: list[Any] = []
    answered: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        while not received or received[-1].get("more_body"):
            received.append(await receive())

    async def receive() -> Any:
        await asyncio.sleep(0.001)
        return {"type": "http.request", "body": b"", "more_body": len(received) < 1000}

    async def send(event: Any) -> None:
        answered.append(event)

    asyncio.run(bounded(application, seconds=0.02)({"headers": []}, receive, send))
    assert received[-1]["type"] == "http.disconnect"
    assert answered[0]["status"] == 408


def test_who_has_sent_all_of_it_may_stay_for_as_long_as_the_answer_takes() -> None:
    events = [{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}]
    received: list[Any] = []
    answered: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        received.extend([await receive(), await receive()])
        await send("the answer")

    async def receive() -> Any:
        if len(events) == 1:
            await asyncio.sleep(0.01)
        return events.pop(0)

    async def send(event: Any) -> None:
        answered.append(event)

    asyncio.run(bounded(application, seconds=0)({"headers": []}, receive, send))
    assert [event["type"] for event in received] == ["http.request", "http.disconnect"]
    assert answered == ["the answer"]
