"""tools/install: what root installs can be read by the service's user, and need not be compiled by it."""

import os
import shutil
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_what_is_installed_can_be_read_by_everybody_whatever_roots_umask(tmp_path: Path) -> None:
    pip = tmp_path / "bin" / "pip"
    pip.parent.mkdir()
    pip.write_text(f'#!/bin/sh\ntouch "{tmp_path}/installed"\n')
    pip.chmod(0o700)
    (pip.parent / "python").symlink_to(sys.executable)
    lock = tmp_path / "lock"
    lock.touch()
    program = tmp_path / "tools" / "install"
    program.parent.mkdir()
    shutil.copy(ROOT / "tools" / "install", program)
    module = tmp_path / "src" / "ours.py"
    module.parent.mkdir()
    module.touch()
    module.chmod(0o644)
    said = subprocess.run(
        [program, tmp_path, lock], check=True, umask=0o077, env=os.environ, capture_output=True, text=True
    )
    assert said.stdout == f"installing what {lock} names; this takes about a minute\n"
    assert (tmp_path / "installed").stat().st_mode & 0o777 == 0o644
    compiled = Path(cache_from_source(str(module)))
    assert compiled.stat().st_mode & 0o444 == 0o444
