"""`backstamp rollups rebuild` and `backstamp bench fill` from the command line, on databases of their own."""

import re
from pathlib import Path

from tests.app.test_cli import backstamp


def test_a_filled_database_has_its_roll_ups_made_again(tmp_path: Path) -> None:
    filled = backstamp(tmp_path, "bench", "fill", "--events", "500")
    assert filled.returncode == 0
    assert filled.stdout.startswith(b"500 events, ")
    again = backstamp(tmp_path, "bench", "fill", "--events", "500")
    assert again.returncode == 1
    assert b"this database holds messages already; name an empty one" in again.stderr
    rebuilt = backstamp(tmp_path, "rollups", "rebuild")
    assert rebuilt.returncode == 0
    assert re.fullmatch(rb"made the roll-ups of \d+ messages again\n", rebuilt.stdout)
