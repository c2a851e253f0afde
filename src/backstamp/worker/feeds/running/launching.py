"""A job, done in a process of its own (`child`)."""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import PIPE

import msgspec

from backstamp.lifetime import module_command
from backstamp.worker.feeds.keeping.standing import Outcome
from backstamp.worker.feeds.lists.jobs import Job, encode_job
from backstamp.worker.feeds.refreshing.due_lists import AwayError
from backstamp.worker.feeds.running.child import AWAY, CPU_SECONDS


class ChildError(Exception):
    """The process did not do its job; the message says in one line why."""


async def done_by_child(job: Job) -> list[Outcome]:
    """Have a job done, and return what became of each list.

    Raises:
        AwayError: another process does it just now (`backstamp feeds refresh`).
        ChildError: it was not done, or not to its end.
    """
    child = await asyncio.create_subprocess_exec(
        *module_command("backstamp.worker.feeds.running.child", str(os.getpid())),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        told, failure = await child.communicate(encode_job(job))
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        raise
    if child.returncode == AWAY:
        raise AwayError
    if child.returncode == -signal.SIGXCPU:
        raise ChildError(f"the lists took more than {CPU_SECONDS} s of the processor")
    if child.returncode:
        last = failure.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ChildError(last[:300] if last else f"it ended with {child.returncode}")
    return [msgspec.json.decode(line, type=Outcome) for line in told.splitlines()]
