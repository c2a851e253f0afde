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

from backstamp.gateway.rewriter.messages import (
    LENGTH,
    RewriteAnswer,
    RewriteRequest,
    SealedLink,
    block,
)
from backstamp.lifetime import die_with_parent
from backstamp.rewriting import Plan, plan
from backstamp.tokens import CopySealer, Keyring

_read_request: Final = msgspec.msgpack.Decoder(RewriteRequest).decode
_write_answer: Final = msgspec.msgpack.Encoder().encode


@functools.lru_cache(maxsize=2)
def _ring(text: str) -> Keyring:
    return Keyring.from_json(text)


def rewrite(request: RewriteRequest, raw: bytes) -> tuple[RewriteAnswer, list[bytes]]:
    """Return what was done with a message, and the copy for each seal of the request."""
    made = plan(raw, request.options)
    ring = _ring(request.keyring)
    sealers = [
        CopySealer(
            ring,
            request.base_url,
            domain_id=request.domain_id,
            tracking_id=request.tracking_id,
            recipient_index=seal.index,
            recipient_key=seal.recipient_key,
            sender_domain=request.sender_domain,
        )
        for seal in request.seals
    ]
    copies = [made.apply(sealer).raw for sealer in sealers]
    return _answer(made), copies


def _answer(made: Plan) -> RewriteAnswer:
    return RewriteAnswer(
        manifest=made.manifest.to_json().decode(),
        summary=made.manifest.summary,
        has_pixel=made.has_pixel,
        links=tuple(SealedLink(link.number, link.url, link.text, link.part) for link in made.links),
        removed_fields=bool(made.manifest.removed_fields),
        is_personal=made.is_personal,
    )


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


def main() -> None:
    """Answer requests from standard input on standard output until it closes."""
    parent, cpu_seconds, memory_bytes = map(int, sys.argv[1:4])
    die_with_parent(parent, signal.SIGKILL)
    # Ctrl-C is the gateway's business; the worker ends with its pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    while (head := _read(incoming)) is not None and (raw := _read(incoming)) is not None:
        allow_cpu_seconds(cpu_seconds)
        answer, copies = rewrite(_read_request(head), raw)
        encoded = _write_answer(answer)
        for payload in (encoded, *copies):
            outgoing.write(block(payload))
            outgoing.write(payload)
        outgoing.flush()


if __name__ == "__main__":
    main()
