"""worker: one process that rewrites messages, one after the other, until its pipe closes.

Started by `rewriter.pool` as `python -m backstamp.gateway.rewriter.worker PARENT CPU_SECONDS MEMORY_BYTES`.
The kernel ends it when a message costs more than allowed, and when the gateway dies.
"""

import functools
import resource
import signal
import sys
from typing import BinaryIO, Final

import msgspec

from backstamp.gateway.rewriter.messages import LENGTH, ProtectRequest, Request, blocks
from backstamp.gateway.rewriter.protecting import protect
from backstamp.gateway.rewriter.tracking import rewrite
from backstamp.lifetime import die_with_parent
from backstamp.tokens import Keyring

READ_OCTETS: Final = 256 * 1024

_read_request: Final = msgspec.msgpack.Decoder(Request).decode
_write_answer: Final = msgspec.msgpack.Encoder().encode


@functools.lru_cache(maxsize=2)
def _ring(text: str) -> Keyring:
    return Keyring.from_json(text)


def allow_cpu_seconds(seconds: int) -> None:
    """Let this process use so many more seconds of CPU; the kernel ends it then (SIGXCPU)."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + 1 + seconds, hard))


def _read(pipe: BinaryIO) -> bytes | None:
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    payload = pipe.read(length)
    return payload if len(payload) == length else None


def _carry_out(request: Request, raw: bytes) -> tuple[bytes, list[bytes]]:
    """Return the answer as it goes over the pipe, and the copy for each seal."""
    ring = _ring(request.keyring)
    if isinstance(request, ProtectRequest):
        protected, copies = protect(request, raw, ring)
        return _write_answer(protected), copies
    rewritten, copies = rewrite(request, raw, ring)
    return _write_answer(rewritten), copies


def main() -> None:
    """Answer requests from standard input on standard output until it closes."""
    parent, cpu_seconds, memory_bytes = map(int, sys.argv[1:4])
    die_with_parent(parent, signal.SIGKILL)
    # Ctrl-C is the gateway's business; the worker ends with its pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # With room for a whole request of the usual size: one read.
    incoming = open(0, "rb", buffering=READ_OCTETS, closefd=False)  # noqa: SIM115 - until the process ends
    outgoing = sys.stdout.buffer
    while (head := _read(incoming)) is not None and (raw := _read(incoming)) is not None:
        allow_cpu_seconds(cpu_seconds)
        answer, copies = _carry_out(_read_request(head), raw)
        outgoing.write(blocks(answer, *copies))
        outgoing.flush()


if __name__ == "__main__":
    main()
