"""A loop whose clock goes on only when there is nothing left to do, and then to the next that is due."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Selector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everybody waits, and nothing is due"
        self.now += max(0.0, timeout)
        return super().select(0)


class SteppedLoop(asyncio.SelectorEventLoop):
    """Nothing depends on how quick the machine is."""

    def __init__(self) -> None:
        self._steps = _Selector()
        super().__init__(self._steps)

    def time(self) -> float:
        return self._steps.now


def run_stepped(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end."""
    with asyncio.Runner(loop_factory=SteppedLoop) as runner:
        runner.run(main)
