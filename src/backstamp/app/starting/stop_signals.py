"""stop_signals: SIGTERM, Ctrl-C and a hangup end a role with 0 and in order, whenever they come.

One that comes while a role starts, or a second one while it ends, would else kill it where it stands: the
supervisor took that for a crash, and let longer and longer pauses follow.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Final, NoReturn

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def heed_while_starting(*, hangup_stops: bool = True) -> None:
    """Leave at SIGTERM, as `app.cli` lets us at Ctrl-C, until the role hears them itself.

    `hangup_stops`: at a hangup too. Else that asks for what is about to be read anyway (a certificate).
    """
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _leave if hangup_stops else signal.SIG_IGN)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def heed_no_more() -> None:
    """Let nothing disturb the end, which is near."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def run_until_signal(
    serve: Callable[[asyncio.Event], Awaitable[None]],
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
) -> None:
    """Run `serve` to its end, with an event that a signal sets. Raises what it raises."""

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, stop.set)
        try:
            await serve(stop)
        finally:
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)
            heed_no_more()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())
