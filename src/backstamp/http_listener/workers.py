"""What a worker process of Granian does beside its application: it loads it, and ends in time."""

import asyncio
import importlib
import logging
import math
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from granian import _signals
from granian._granian import WorkerSignal

from backstamp.lifetime import die_with_parent

PARENT_CHECK_SECONDS: Final = 0.5
OTHER_FILES: Final = 64
"""What a worker has open besides its connections: 27 at rest, and files looked at for a moment."""
FEWEST_CONNECTIONS: Final = 16


def connections_for(wanted: int) -> int:
    """Return how many connections a worker may take at a time, `wanted` at most: each is an open file.

    More than the system lets a process open would be taken off nobody: while none can be opened, no file can
    be looked at either, nor those connections be found that ask for nothing.
    """
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(FEWEST_CONNECTIONS, hard - OTHER_FILES))


def loader(target: str, drain_seconds: float) -> Callable[[], Any]:
    """Return what a worker calls to get its application, an import string "package.module:attribute".

    Call it in the parent: the worker will not outlive the process that called it for longer than
    `drain_seconds`.
    """
    os.register_at_fork(after_in_child=_end_when_told)
    return partial(_load, target, drain_seconds, os.getpid())


def _end_when_told() -> None:
    """Let SIGTERM and SIGINT end a worker that does not serve yet.

    It inherits its parent's handlers, which note in a copy of the parent's server that it is to end: the
    worker itself did not hear of it, and served on, an orphan that kept the port from whoever was to follow.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _load(target: str, drain_seconds: float, parent: int) -> Any:
    die_with_parent(parent)
    threading.Thread(target=_end_with, args=(parent,), name="parent-watch", daemon=True).start()
    _signals.set_loop_signals = partial(_told_to_end_once, drain_seconds)
    # Each connection is a file; the soft limit is 1,024 on most systems.
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    logging.getLogger("_granian").setLevel(logging.WARNING)
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _end_with(parent: int) -> None:
    """Tell a worker to end when its parent is gone, should the kernel not have done so."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


_at_end: Final[list[Callable[[], None]]] = []


def at_end(call: Callable[[], None]) -> None:
    """Have `call` called in this worker's loop when it is told to end; what has begun is waited for then."""
    _at_end.append(call)


def _told_to_end_once(drain_seconds: float, loop: asyncio.AbstractEventLoop) -> WorkerSignal:
    """Do what Granian's `set_loop_signals` does, but hear one signal only, and end the drain in any case.

    The kernel tells a worker of its parent's death once for each of the parent's threads (prctl(2)), and
    systemd tells all of a service. Granian (2.8.7 to 2.8.9) waits in `WorkerSignal.set`, with Python's lock
    held, for room in a channel of one place that is read once: the third signal made a worker stand still for
    ever, its connections with it. The alarm needs no lock of Python's: a client that never reads holds none.
    """
    told = WorkerSignal()
    heard = threading.Event()

    def end() -> None:
        if not heard.is_set():
            heard.set()
            signal.alarm(math.ceil(drain_seconds))
            for call in _at_end:
                call()
            told.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    return told
