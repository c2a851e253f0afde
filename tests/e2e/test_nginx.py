"""nginx, as the distribution has it, accepts what stands in the documentation, and hands all of it on."""

import re
import ssl
import subprocess
import time
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from backstamp.tokens.sealing import MAX_URL_BYTES
from tests.daemons import free_port, require
from tests.edge.guarded import guard, received
from tests.edge.server_process import running_edge

ROOT = Path(__file__).parents[2]
NOBODY_IS_ASKED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
NOBODY_IS_ASKED.check_hostname = False
NOBODY_IS_ASKED.verify_mode = ssl.CERT_NONE


@pytest.mark.parametrize(
    ("page", "host"), [("tracking-host.md", "t.example.org"), ("console.md", "console.example.org")]
)
def test_the_nginx_of_this_machine_accepts_the_server_of_the_documentation(
    tmp_path: Path, page: str, host: str
) -> None:
    # Only read, not started: its ports may be taken here.
    configuration = configured(tmp_path, page, host, 44399)
    seen = subprocess.run(
        [require("nginx"), "-t", "-e", "stderr", "-c", configuration],
        capture_output=True,
        text=True,
        check=False,
    )
    assert seen.returncode == 0, seen.stderr


@pytest.mark.daemon
def test_the_longest_link_leads_on_behind_it(tmp_path: Path) -> None:
    url = "http://127.0.0.1/?" + "q" * 100
    longest = url + "".join(f"{number:x}" for number in range(MAX_URL_BYTES))[: MAX_URL_BYTES - len(url)]
    port = free_port()
    guard(tmp_path)
    configuration = configured(tmp_path, "tracking-host.md", "t.example.org", port)
    with running_edge(tmp_path) as edge:
        text = configuration.read_text().replace("127.0.0.1:8025", f"127.0.0.1:{edge.port}")
        configuration.write_text(f"daemon off;\n{text}")
        nginx = subprocess.Popen([require("nginx"), "-e", tmp_path / "error.log", "-c", configuration])
        try:
            for each in (url, longest):
                status, location = led_to(port, received(each))
                assert (status, len(location)) == (302, len(each))
                assert location == each
            edge.main.terminate()
            edge.main.wait(90)
            path = received(url)
            assert led_to(port, path) == (502, "")
            assert path not in (tmp_path / "error.log").read_text(), "tokens and addresses are in no log"
        finally:
            nginx.terminate()
            nginx.wait(90)


def led_to(port: int, path: str) -> tuple[int, str]:
    """Ask nginx, as soon as it listens; return the status, and where that leads."""
    until = time.monotonic() + 30
    while True:
        connection = HTTPSConnection("127.0.0.1", port, context=NOBODY_IS_ASKED, timeout=60)
        try:
            connection.request("GET", path, headers={"Host": "t.example.org"})
        except ConnectionRefusedError:
            assert time.monotonic() < until, "nginx does not listen"
            time.sleep(0.05)
            continue
        answer = connection.getresponse()
        connection.close()
        return answer.status, answer.getheader("location", "")


def configured(folder: Path, page: str, host: str, port: int) -> Path:
    """Return a whole configuration with the one server of a page, and a certificate for it."""
    chain, key = folder / "fullchain.pem", folder / "privkey.pem"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}"]
    subprocess.run(
        [require("openssl"), *made, "-keyout", key, "-out", chain], check=True, capture_output=True
    )
    text = (ROOT / "docs" / page).read_text()
    (server,) = re.findall(r"^```nginx\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    ours = server.replace(f"/etc/letsencrypt/live/{host}", str(folder))
    ours = ours.replace("/var/log/nginx", str(folder)).replace("listen 443", f"listen 127.0.0.1:{port}")
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{each}_temp_path {folder}/{each};\n" for each in places)
    configuration = folder / "nginx.conf"
    configuration.write_text(f"pid {folder}/pid;\nevents {{}}\nhttp {{\n{temporary}{ours}}}\n")
    return configuration
