"""Calls that wait for another machine, beside an event loop."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V")


async def in_own_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a call that blocks for as long as somebody else's machine likes, in a thread that only it has.

    asyncio's own threads (`asyncio.to_thread`) are six on two processors, and for our disk: with as many
    receivers that hang, no report could be kept and no alert sent. Nor does the process wait at its end for a
    call that nobody waits for any more, as it would for theirs. Raises what the call raises.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = call(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 (whoever waits for it gets it)
            tell(done.set_exception, error)
        else:
            tell(done.set_result, result)

    def tell(settle: Callable[[V], None], value: V) -> None:
        with suppress(RuntimeError):  # The loop has ended.
            loop.call_soon_threadsafe(lambda: None if done.done() else settle(value))

    Thread(target=run, name=getattr(call, "__name__", "call"), daemon=True).start()
    return await done
