"""What waits for another machine has a thread of its own, which nobody waits for longer than needed."""

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from backstamp.own_threads import in_own_thread

_GIVES_UP = """
import asyncio, threading
from backstamp.own_threads import in_own_thread

async def main():
    for_ever = asyncio.create_task(in_own_thread(threading.Event().wait))
    await asyncio.sleep(0.1)
    for_ever.cancel()
    await asyncio.wait([for_ever])

asyncio.run(main())
print("over")
"""


async def test_what_a_call_returns_or_raises_is_told() -> None:
    assert await in_own_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_own_thread(divmod, 7, 0)


async def test_any_number_of_calls_go_on_at_once() -> None:
    all_there = threading.Barrier(60)
    await asyncio.gather(*(in_own_thread(all_there.wait, 10) for _ in range(60)))


async def test_what_ends_after_it_was_given_up_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        go_on.wait(10)
        raise ValueError

    waiting = asyncio.create_task(in_own_thread(call))
    await asyncio.to_thread(begun.wait, 10)
    waiting.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    until = time.monotonic() + 10
    while any(thread.name == "call" for thread in threading.enumerate()) and time.monotonic() < until:
        await asyncio.sleep(0.01)
    assert caplog.records == []


def test_a_process_does_not_wait_at_its_end_for_a_call_that_was_given_up() -> None:
    done = subprocess.run([sys.executable, "-c", _GIVES_UP], capture_output=True, timeout=30, check=True)
    assert done.stdout == b"over\n"
