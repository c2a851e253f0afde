"""Memory that rewriting one message takes: `python -m backstamp.app.bench.peak FILE`.

In a process of its own: what another had and freed would be used again, and not be counted. It is one that
has freed a large block, as by bigger mail: glibc then keeps more of what is freed, and beside it what comes
next takes more (M_TRIM_THRESHOLD, mallopt(3)).
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from backstamp.app.bench.made_up.newsletters import SEALER, newsletter
from backstamp.lifetime import module_command
from backstamp.rewriting import Options, plan

_LARGE: Final = 32 * 1024 * 1024
"""The largest by which glibc raises its thresholds."""


def peak_memory(raw: bytes) -> int:
    """Return how many octets a process needs at most to rewrite `raw`, `raw` itself included (Linux)."""
    with tempfile.NamedTemporaryFile(prefix="backstamp-bench-") as file:
        file.write(raw)
        file.flush()
        command = module_command("backstamp.app.bench.peak", file.name)
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return int(done.stdout)


def main(path: Path) -> None:
    """Rewrite the message in a file, and print the peak of memory above what the program itself takes."""
    # The program itself with the tables that are made at the first message.
    plan(newsletter(24 * 1024, 12).raw, Options()).apply(SEALER)
    bytes(_LARGE)
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far (proc(5))
    rewritten = plan(path.read_bytes(), Options()).apply(SEALER)
    assert rewritten.raw
    print(_resident("VmHWM") - before)


def _resident(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
