"""nginx, as the distribution has it, accepts what stands in the documentation."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.daemons import require

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("page", "host"), [("tracking-host.md", "t.example.org"), ("console.md", "console.example.org")]
)
def test_the_nginx_of_this_machine_accepts_the_server_of_the_documentation(
    tmp_path: Path, page: str, host: str
) -> None:
    nginx, openssl = require("nginx"), require("openssl")
    chain, key = tmp_path / "fullchain.pem", tmp_path / "privkey.pem"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}"]
    subprocess.run([openssl, *made, "-keyout", key, "-out", chain], check=True, capture_output=True)
    text = (ROOT / "docs" / page).read_text()
    server = re.findall(r"^```nginx\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(server) == 1
    ours = server[0].replace(f"/etc/letsencrypt/live/{host}", str(tmp_path))
    # Only read, not started: its ports may be taken here.
    ours = ours.replace("listen 443", "listen 127.0.0.1:44399")
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{ours}}}\n")
    seen = subprocess.run(
        [nginx, "-t", "-e", "stderr", "-c", configuration], capture_output=True, text=True, check=False
    )
    assert seen.returncode == 0, seen.stderr
