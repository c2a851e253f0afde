"""The systemd units of deploy/: systemd takes them, and they leave little open."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemons import require

DEPLOY = Path(__file__).parents[2] / "deploy"
MOST_EXPOSED = 20
"""Tenths of what `systemd-analyze security` counts from 0 (safe) to 10; 96 without any hardening."""


UNITS = ["backstamp.service", "backstamp-role@.service"]


@pytest.mark.parametrize("name", UNITS)
def test_no_dump_of_memory_is_kept(name: str) -> None:
    assert "LimitCORE=0" in (DEPLOY / name).read_text().splitlines()


@pytest.mark.parametrize("name", UNITS)
def test_whom_the_kernel_kills_for_want_of_memory_takes_nobody_along(name: str) -> None:
    """systemd's own way is to stop the whole unit."""
    assert "OOMPolicy=continue" in (DEPLOY / name).read_text().splitlines()


@pytest.mark.daemon
@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_a_unit_and_calls_it_hardened(tmp_path: Path, name: str) -> None:
    unit = tmp_path / name.replace("@.", "@edge.")
    program = "/opt/backstamp/bin/backstamp"
    text = (DEPLOY / name).read_text()
    assert text.count(program) == 2
    # systemd looks whether the program is there.
    unit.write_text(text.replace(program, sys.executable))
    analyze = require("systemd-analyze")
    verified = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    limit = ["--offline=true", f"--threshold={MOST_EXPOSED}"]
    judged = subprocess.run([analyze, "security", *limit, unit], capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout
