"""What edge and console do alike to start Granian: is the port free, and workers die with their parent."""

import asyncio
import importlib
import logging
import math
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, Final

from granian import _signals
from granian._granian import ListenerSpec, WorkerSignal
from granian.server.mp import MPServer, WorkerProcess

from backstamp.lifetime import die_with_parent
from backstamp.listening import addresses, reason_and_way, try_to_have

PARENT_CHECK_SECONDS: Final = 0.5
YOUNG_SECONDS: Final = 5.5
"""Granian takes a worker that dies so soon after another in its place for the sign of a crash loop."""
STARTED_SECONDS: Final = 1.0
"""A worker that lived so long had begun to serve: what kills one at its start does so sooner."""
PAUSE_SECONDS: Final = 0.5
"""What does not stay alive is started again after this."""
OTHER_FILES: Final = 64
"""What a worker has open besides its connections: 27 at rest, and files looked at for a moment."""
FEWEST_CONNECTIONS: Final = 16
LOGGING: Final[dict[str, Any]] = {
    "handlers": {},
    "formatters": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}
"""Granian's own logger without its handlers: what it says goes the way of our logs."""


class Server(MPServer):
    """Granian with processes for workers; one that dies never takes those with it that live.

    Granian ends all workers when one dies within 5.5 s of its predecessor, though the others serve. Here that
    is so only where no other worker lives, and the last was not killed while it served: who is out of memory
    twice in a row would be away for as long as a supervisor waits.

    It does not call one stubborn that has just ended, either.
    Two threads of Granian wait for each worker, and only one of them is told of its end. When the other asks
    a moment too soon, as it does on a busy machine, Granian says that the worker "refused to gracefully
    stop", and kills a process that is no more.

    All workers accept from one socket, which the parent holds. Granian (since 2.8) has each listen by itself
    (SO_REUSEPORT), and what a worker had not yet accepted when it ended was reset by the kernel, or, with no
    other worker, refused until the next one listened (granian issue 567). Here it waits for who comes next.
    """

    def _init_shared_socket(self) -> None:
        try:
            holder: Any = ListenerSpec(self.bind_addr, self.bind_port, self.backlog).build()
        except RuntimeError as error:  # taken since `free_address`; a native stack trace follows the reason
            reason = str(error).partition("\n")[0]
            raise PortTakenError(
                f"cannot listen on {self.bind_addr}:{self.bind_port} ({reason}); stop what has it"
            ) from None
        self._ssp, self._shd, self._sfd = None, holder, holder.get_fd()
        self._sso = socket.socket(fileno=self._sfd)

    def replace_workers(self) -> None:
        """Start new workers, one after the other, and let the old ones end; any thread may call this."""
        self.signal_handler_reload()  # type: ignore[no-untyped-call]

    def _reload(self, *args: Any, **kwargs: Any) -> None:
        super()._reload(*args, **kwargs)  # type: ignore[no-untyped-call]
        if self.interrupt_signal:  # told to end before the event was cleared
            self.main_loop_interrupt.set()

    def _spawn_worker(self, *args: Any, **kwargs: Any) -> WorkerProcess:
        worker: WorkerProcess = super()._spawn_worker(*args, **kwargs)
        process = worker.inner
        worker.is_alive = lambda: not wait([process.sentinel], 0)  # type: ignore[method-assign]
        tell = worker._watcher

        def watch() -> None:
            process.join()
            lived = time.monotonic() - worker.birth
            served = self._others_live(worker) or (lived >= STARTED_SECONDS and _was_killed(process))
            if not worker.interrupt_by_parent and served:
                if lived < YOUNG_SECONDS:
                    time.sleep(PAUSE_SECONDS)
                self.respawned_wrks.pop(worker.idx, None)
            tell()  # type: ignore[no-untyped-call]

        worker._watcher = watch  # type: ignore[method-assign]
        return worker

    def _others_live(self, worker: WorkerProcess) -> bool:
        return any(other is not worker and not wait([other.inner.sentinel], 0) for other in list(self.wrks))


def _was_killed(process: BaseProcess) -> bool:
    """Return whether a process that has ended was ended by a signal.

    Of two threads that wait for it the system tells one, which notes it a moment later.
    """
    until = time.monotonic() + 1.0
    while process.exitcode is None and time.monotonic() < until:
        time.sleep(0.01)
    return (process.exitcode or 0) < 0


class PortTakenError(Exception):
    """The address cannot be listened on; the message says why, and what to do."""


def free_address(setting: str, host: str, port: int) -> str:
    """Return the IP address of `host`, on which we may listen: Granian takes no names.

    Of a name with several, an IPv4 one. `setting` is the name of the setting that the address came from.
    Raises `PortTakenError` where we may not listen: Granian's own complaint is a native stack trace.
    """
    try:
        address = addresses(host, port)[0]
        try_to_have(address, v6_only=False)
    except OSError as error:
        raise taken(setting, f"{host}:{port}", error) from None
    return address.ip


def taken(setting: str, address: str, error: OSError) -> PortTakenError:
    """Return what is to be raised where `address` of a setting cannot be listened on."""
    reason, way = reason_and_way(error)
    return PortTakenError(f"{setting}: cannot listen on {address} ({reason}); {way}")


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
