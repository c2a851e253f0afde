"""The process that refreshes and compiles: `python -m backstamp.worker.feeds.running.child PARENT`.

A million URLs take 17 s of a core and 370 MB, ten million prefixes beside them as much again and 150 MB more:
the worker's event loop has no such time, and the memory is given back when the process ends. The job comes on
stdin, so that keys are in no command line; what became of each list goes to stdout, a line of JSON each.
"""

import os
import resource
import signal
import sys
from typing import Final

import msgspec

from backstamp.lifetime import die_with_parent
from backstamp.worker.feeds.lists.jobs import decode_job
from backstamp.worker.feeds.refreshing.due_lists import AwayError, refresh_all

MEMORY_BYTES: Final = 4 << 30
"""Five million URLs and ten million prefixes need 2 GB; what is beyond is nobody's list."""
AWAY: Final = os.EX_TEMPFAIL
"""The exit code that says that another process does it just now, and nothing is wrong."""
CPU_SECONDS: Final = 1800
"""Of the processor, for all lists that are due; what takes longer hangs, and would keep them all waiting."""
_NICENESS: Final = 10


def main() -> None:
    """Do what stdin says. Every failure is one line on stderr and exit code 1; `AWAY` is none."""
    die_with_parent(int(sys.argv[1]), signal.SIGKILL)
    os.nice(_NICENESS)
    bound_itself(MEMORY_BYTES, CPU_SECONDS)
    job = decode_job(sys.stdin.buffer.read())
    try:
        for outcome in refresh_all(job):
            sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
            sys.stdout.buffer.flush()
    except AwayError:
        sys.exit(AWAY)
    except OSError as error:
        sys.exit(f"the lists cannot be kept: {error.strerror}")
    except MemoryError:
        sys.exit(f"the lists need more than {MEMORY_BYTES >> 30} GiB of memory")


def bound_itself(memory_bytes: int, cpu_seconds: int) -> None:
    """See that this process ends where it needs more: by MemoryError, and by SIGXCPU."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    # Above the hard limit it would be SIGKILL, as for want of memory.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 60))


if __name__ == "__main__":
    main()
