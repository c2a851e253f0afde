"""The loop that takes a coroutine's first step in the thread that brings it."""

import asyncio
import threading
from collections.abc import Coroutine, Generator
from contextlib import closing

from backstamp.edge.serving.first_step import FirstStepLoop, FirstStepPolicy


def handed_over(loop: asyncio.AbstractEventLoop, made: Coroutine[object, None, None]) -> int:
    """Hand a coroutine over as Granian does, and return the number of the thread that did."""
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=(loop.create_task, made))
    thread.start()
    thread.join()
    assert thread.ident is not None
    return thread.ident


def test_an_answer_is_made_in_the_thread_that_brings_the_request() -> None:
    seen: list[int] = []

    async def answer() -> None:
        seen.append(threading.get_ident())

    with closing(FirstStepLoop()) as loop:
        brought_by = handed_over(loop, answer())
    assert seen == [brought_by]


class Elsewhere:
    def __await__(self) -> Generator[None, None, None]:
        yield


def test_what_is_left_is_done_in_the_loop() -> None:
    seen: list[int] = []

    async def answer() -> None:
        seen.append(threading.get_ident())
        await Elsewhere()
        await asyncio.sleep(0)
        seen.append(threading.get_ident())
        asyncio.get_running_loop().stop()

    with closing(FirstStepLoop()) as loop:
        brought_by = handed_over(loop, answer())
        loop.run_forever()
    assert seen == [brought_by, threading.get_ident()]


def test_whatever_else_is_handed_over_goes_the_usual_way() -> None:
    seen: list[str] = []
    with closing(FirstStepPolicy().new_event_loop()) as loop:
        loop.call_soon_threadsafe(seen.append, "text")
        loop.call_soon_threadsafe(loop.stop)
        assert seen == []
        loop.run_forever()
    assert seen == ["text"]
