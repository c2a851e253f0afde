"""The process that refreshes and compiles: `python -m backstamp.worker.feeds.child PARENT`.

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
from backstamp.worker.feeds.jobs import decode_job
from backstamp.worker.feeds.refreshing import AwayError, refresh_all

MEMORY_BYTES: Final = 4 << 30
"""Five million URLs and ten million prefixes need 2 GB; what is beyond is nobody's list."""
AWAY: Final = os.EX_TEMPFAIL
"""The exit code that says that another process does it just now, and nothing is wrong."""
_NICENESS: Final = 10


def main() -> None:
    """Do what stdin says. Every failure is one line on stderr and exit code 1; `AWAY` is none."""
    die_with_parent(int(sys.argv[1]), signal.SIGKILL)
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
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


if __name__ == "__main__":
    main()
