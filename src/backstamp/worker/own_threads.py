"""Calls that wait for another machine, beside an event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_own_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a call that blocks for as long as somebody else's machine likes, in a thread that only it has.

    asyncio's own threads (`asyncio.to_thread`) are six on two processors, and for our disk: with as many
    receivers that hang, no report could be kept and no alert sent. A call that has begun is finished, also
    when the waiting task is cancelled. Raises what the call raises.
    """
    executor = ThreadPoolExecutor(1, thread_name_prefix=getattr(call, "__name__", "call"))
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, lambda: call(*args, **kwargs))
    finally:
        executor.shutdown(wait=False)
