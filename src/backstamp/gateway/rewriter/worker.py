"""worker: one process that rewrites messages, one after the other, until its pipe closes.

Started by `rewriter.process`: `python -m backstamp.gateway.rewriter.worker PARENT CPU_SECONDS MEMORY_BYTES`.
An empty block says that it listens.
The kernel ends it when a message costs more than allowed, and when the gateway dies.
"""

import functools
import resource
import signal
import sys
import time
from types import TracebackType
from typing import BinaryIO, Final

import msgspec

from backstamp.gateway.errors import place_of
from backstamp.gateway.rewriter.messages import LENGTH, ProtectRequest, Request, blocks
from backstamp.gateway.rewriter.protecting import protect
from backstamp.gateway.rewriter.tracking import rewrite
from backstamp.lifetime import die_with_parent
from backstamp.mail.patches import Patch
from backstamp.tokens import Keyring

READ_OCTETS: Final = 256 * 1024
LARGE_OCTETS: Final = 2 * 1024 * 1024

_read_request: Final = msgspec.msgpack.Decoder(Request).decode
_write_answer: Final = msgspec.msgpack.Encoder().encode


@functools.lru_cache(maxsize=2)
def _ring(text: str) -> Keyring:
    return Keyring.from_json(text)


class CpuAllowance:
    """So many seconds of CPU for each message; the kernel ends the process then (SIGXCPU).

    The limit is in whole seconds, and so is put off once in a second of work, not with each message.
    """

    def __init__(self, seconds: int) -> None:
        """Take the seconds for one message; the hard limit stays as it is."""
        self._seconds = seconds
        self._used = -1
        _, self._hard = resource.getrlimit(resource.RLIMIT_CPU)

    def renew(self) -> None:
        """Begin with a message."""
        used = int(time.process_time())
        if used != self._used:
            resource.setrlimit(resource.RLIMIT_CPU, (used + 1 + self._seconds, self._hard))
            self._used = used


def keep_freed_memory() -> None:
    """Have the C library keep some MB of what is freed instead of giving it back after each message.

    glibc raises its own thresholds when it frees a large block for the first time (mallopt(3),
    M_MMAP_THRESHOLD). 97 page faults for a newsletter of 65 KB before, none behind it: a fifth of the time.
    """
    bytes(LARGE_OCTETS)


def _read(pipe: BinaryIO) -> bytes | None:
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    payload = pipe.read(length)
    return payload if len(payload) == length else None


def _carry_out(request: Request, raw: bytes) -> tuple[bytes, list[list[Patch]]]:
    """Return the answer as it goes over the pipe, and for each seal what makes its copy."""
    ring = _ring(request.keyring)
    if isinstance(request, ProtectRequest):
        protected, copies = protect(request, raw, ring)
        return _write_answer(protected), copies
    rewritten, copies = rewrite(request, raw, ring)
    return _write_answer(rewritten), copies


def _say_where(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say in a line where this process failed; what the exception quotes may be mail, and goes nowhere."""
    sys.stderr.write(f"rewriting failed: {place_of(error)}\n")


def main() -> None:
    """Answer requests from standard input on standard output until it closes."""
    parent, cpu_seconds, memory_bytes = map(int, sys.argv[1:4])
    die_with_parent(parent, signal.SIGKILL)
    # They come to all of a terminal's or a service's processes, and are the gateway's business: it brings to
    # an end what it began, and the worker ends with its pipe.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.excepthook = _say_where
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    keep_freed_memory()
    # With room for a whole request of the usual size: one read.
    incoming = open(0, "rb", buffering=READ_OCTETS, closefd=False)  # noqa: SIM115 - until the process ends
    outgoing = sys.stdout.buffer
    allowance = CpuAllowance(cpu_seconds)
    outgoing.write(b"".join(blocks(b"")))
    outgoing.flush()
    while (head := _read(incoming)) is not None and (raw := _read(incoming)) is not None:
        allowance.renew()
        answer, copies = _carry_out(_read_request(head), raw)
        outgoing.write(b"".join(blocks(answer, *map(_write_answer, copies))))
        outgoing.flush()


if __name__ == "__main__":
    main()
