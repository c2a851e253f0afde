"""Caddy, as the distribution has it, accepts what stands in the documentation."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.daemons import require

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.daemon
@pytest.mark.parametrize(("page", "number"), [("tracking-host.md", 2), ("console.md", 1)])
def test_the_caddy_of_this_machine_accepts_the_files_of_the_documentation(
    tmp_path: Path, page: str, number: int
) -> None:
    text = (DOCS / page).read_text()
    files = re.findall(r"^```caddyfile\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(files) == number
    for each in files:
        file = tmp_path / "Caddyfile"
        file.write_text(each)
        # Checked as when it starts, and printed as Caddy understands it.
        seen = subprocess.run(
            [require("caddy"), "adapt", "--validate", "--adapter", "caddyfile", "--config", file],
            env=os.environ | {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert seen.returncode == 0, seen.stderr
        # There it writes the whole request where it answers 502.
        assert json.loads(seen.stdout)["logging"]["logs"] == {"default": {"exclude": ["http.log.error"]}}
