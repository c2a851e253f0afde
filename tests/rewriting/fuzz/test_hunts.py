"""The hunts: each harness for `BACKSTAMP_FUZZ_SECONDS` seconds (60), in a process of its own."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rewriting.fuzz.harnesses import HARNESSES

SECONDS = int(os.environ.get("BACKSTAMP_FUZZ_SECONDS", "60"))


@pytest.mark.soak
@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="atheris is not installed: it has wheels for Linux only",
)
@pytest.mark.parametrize("harness", HARNESSES)
def test_a_hunt_finds_nothing(harness: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.rewriting.fuzz.hunt", harness, str(SECONDS)]
    env = os.environ | {"TMPDIR": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, check=False, timeout=SECONDS + 600, env=env)
    said = done.stderr.decode(errors="replace")
    tried = re.search(r"number_of_executed_units: (\d+)", said)
    assert done.returncode == 0, f"what broke is in tests/rewriting/fuzz/finds:\n{said[-6000:]}"
    assert tried is not None, said[-2000:]
    print(f"\n{harness}: {int(tried[1]):,} inputs in {SECONDS} s, 0 finds")
