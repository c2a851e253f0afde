"""Granian with worker processes, of which one that dies takes no other with it."""

import socket
import time
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, Final

from granian._granian import ListenerSpec
from granian.server.mp import MPServer, WorkerProcess

from backstamp.http_listener.ports import PortTakenError

YOUNG_SECONDS: Final = 5.5
"""Granian takes a worker that dies so soon after another in its place for the sign of a crash loop."""
STARTED_SECONDS: Final = 1.0
"""A worker that lived so long had begun to serve: what kills one at its start does so sooner."""
PAUSE_SECONDS: Final = 0.5
"""What does not stay alive is started again after this."""
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
