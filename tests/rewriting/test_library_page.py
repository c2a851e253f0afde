"""docs/library.md: its blocks run, in order, in a process that knows nothing of the server."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "library.md"
SERVER = ("django", "granian", "uvloop", "asyncio", "click", "backstamp.app", "backstamp.gateway")
LOADED = f"\nimport sys\nprint(sorted(set({SERVER!r}) & sys.modules.keys()))\n"


def test_the_blocks_run_alone_and_load_nothing_of_the_server() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 6
    ran = subprocess.run([sys.executable, "-c", "\n".join(blocks) + LOADED], capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")
