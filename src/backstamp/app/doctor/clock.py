"""The clock: who keeps it."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from backstamp.app.doctor.findings import Finding, good, note, wrong
from backstamp.app.settings import Settings


def clock(_settings: Settings) -> Iterator[Finding]:
    """Is the clock kept by a time service?  Times since delivery are only as good as it."""
    if time.time() < Path(__file__).stat().st_mtime - 86400:
        yield wrong(
            "clock",
            "the clock is behind the installation of this program",
            "set it: timedatectl set-ntp true",
        )
        return
    try:
        answer = subprocess.run(
            ["timedatectl", "show", "--property=NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        answer = ""
    if answer == "yes":
        yield good("clock", "kept by a time service")
    elif answer == "no":
        yield note("clock", "not kept by a time service", "run: timedatectl set-ntp true")
    else:
        yield note(
            "clock", "cannot tell whether a time service keeps it", "make sure that NTP runs (on the host)"
        )
