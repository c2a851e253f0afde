"""The edge over HTTP, byte by byte, in real processes."""

import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from backstamp.edge.replies.prepared import GIF
from backstamp.tokens import MAX_URL_BYTES
from tests.edge.server_process import PATIENCE_SECONDS, ROOT, ServerProcess, head_and_body, running_edge
from tests.edge.setting import OTHER_RING, URL, hits_in, link, pixel, publish

PIXEL_ANSWER = [
    b"cache-control: no-store, no-cache, must-revalidate, private, max-age=0",
    b"connection: close",
    b"content-length: 43",
    b"content-type: image/gif",
    b"expires: 0",
    b"pragma: no-cache",
    b"server: http",
    b"x-robots-tag: noindex",
]
TARGETS = [
    line.encode().decode("unicode_escape")
    for line in (Path(__file__).parent / "hostile_targets.txt").read_text().splitlines()
    if not line.startswith("#")
]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edge")


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[ServerProcess]:
    publish(directory, keep_addresses=True)
    with running_edge(directory) as server:
        yield server


def test_the_pixels_answer_byte_by_byte_is_the_same_for_good_and_bad_tokens(server: ServerProcess) -> None:
    answers = [
        head_and_body(server.get(f"/{token}"))
        for token in (pixel(), pixel(ring=OTHER_RING), pixel()[:-1] + "~", pixel()[:-2], pixel() + "%27")
    ]
    assert answers == [(b"HTTP/1.1 200 OK", PIXEL_ANSWER, GIF)] * 5


def test_the_links_answer_byte_by_byte(server: ServerProcess) -> None:
    assert head_and_body(server.get(f"/{link()}")) == (
        b"HTTP/1.1 302 Found",
        [
            b"cache-control: no-store, no-cache, must-revalidate, private, max-age=0",
            b"connection: close",
            b"content-length: 0",
            b"location: " + URL.encode(),
            b"referrer-policy: no-referrer",
            b"server: http",
            b"x-robots-tag: noindex",
        ],
        b"",
    )


@pytest.mark.parametrize("target", [f"/{pixel()}", f"/{link()}", "/healthz", "/robots.txt", "/nothing"])
def test_head_has_the_same_header_section_and_no_body(server: ServerProcess, target: str) -> None:
    status, fields, _ = head_and_body(server.get(target))
    assert head_and_body(server.get(target, method="HEAD")) == (status, fields, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW"])
def test_other_methods_are_refused(server: ServerProcess, method: str) -> None:
    status, fields, _ = head_and_body(server.get(f"/{link()}", method=method))
    assert status == b"HTTP/1.1 405 Method Not Allowed"
    assert b"allow: GET, HEAD" in fields


def test_connect_opens_no_tunnel(server: ServerProcess) -> None:
    with server.connect() as connection:
        connection.sendall(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 405 ")


def test_what_mail_clients_append_after_a_question_mark_does_not_matter(server: ServerProcess) -> None:
    for more in ("?", "?utm_source=x", "?https://evil.example/", "?%0d%0aa:b", "?a=%ff"):
        assert b"\r\nlocation: " + URL.encode() + b"\r\n" in server.get(f"/{link()}{more}")
        assert head_and_body(server.get(f"/{pixel()}{more}"))[2] == GIF


def test_the_longest_link_works(server: ServerProcess) -> None:
    # Digits that deflate cannot shorten much: a long token as well as a long Location.
    url = "https://example.org/" + "".join(f"{number * number:x}" for number in range(9000))
    url = url[:MAX_URL_BYTES]
    assert b"\r\nlocation: " + url.encode() + b"\r\n" in server.get(f"/{link(url=url)}")


@pytest.mark.parametrize("target", TARGETS)
def test_a_hostile_target_is_never_a_redirect_nor_a_failure(server: ServerProcess, target: str) -> None:
    for good, token in (
        ("{link}", link()),
        ("{pixel}", pixel()),
        ("{foreign}", link(ring=OTHER_RING)),
        ("{foreign_pixel}", pixel(ring=OTHER_RING)),
    ):
        target = target.replace(good, token)
    answer = server.get(target)
    status = answer[:13]
    assert status in {b"HTTP/1.1 404 ", b"HTTP/1.1 200 ", b"HTTP/1.1 400 "}, answer
    assert b"\nlocation:" not in answer.lower()
    assert b"evil" not in answer
    assert b"set-cookie" not in answer.lower()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(500)) + b"\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nrubbish",
        b"\0" * 1000,
    ],
)
def test_broken_requests_are_refused_and_the_next_one_is_answered(
    server: ServerProcess, request_bytes: bytes
) -> None:
    answer = server.exchange(request_bytes)
    assert not re.match(rb"HTTP/1\.[01] [25]\d\d", answer) or b" 404 " in answer[:16]
    assert b"location:" not in answer.lower()
    assert head_and_body(server.get("/healthz"))[2] == b"ok"


def test_a_post_with_a_large_body_is_refused_without_reading_it(server: ServerProcess) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 1000)
        assert connection.recv(100).startswith(b"HTTP/1.1 405 ")


def test_http_1_0_and_a_request_without_host_are_answered(server: ServerProcess) -> None:
    for ending in ("HTTP/1.0\r\n", "HTTP/1.1\r\nConnection: close\r\n"):
        asked = f"GET /{pixel()} {ending}\r\n".encode()
        assert GIF in server.exchange(asked, PATIENCE_SECONDS)


def test_a_hit_is_in_the_journal_before_its_answer_comes(server: ServerProcess, directory: Path) -> None:
    for tracking_id in range(1000, 1020):
        server.get(f"/{pixel(tracking_id)}")
        assert hits_in(directory)[-1].tracking_id == tracking_id


def test_all_forwarding_fields_count_from_the_right(server: ServerProcess, directory: Path) -> None:
    server.get(
        f"/{pixel(2000)}",
        "X-Forwarded-For: 203.0.113.66",
        "X-Forwarded-For: 198.51.100.1, 127.0.0.9",
        "Forwarded: for=203.0.113.77",
        "X-Real-IP: 203.0.113.88",
    )
    assert hits_in(directory)[-1].address == "198.51.100.1"


def test_a_value_that_is_not_ascii_does_not_cost_the_hit(server: ServerProcess, directory: Path) -> None:
    server.get(f"/{pixel(2001)}", "User-Agent: caf\xe9", "Accept: image/*")
    hit = hits_in(directory)[-1]
    assert (hit.tracking_id, hit.headers["accept"]) == (2001, "image/*")


def test_slow_clients_do_not_keep_out_others(server: ServerProcess) -> None:
    slow = [server.connect() for _ in range(300)]
    for connection in slow:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost")
    assert head_and_body(server.get("/healthz"))[2] == b"ok"
    for connection in slow:
        connection.close()


def test_the_log_holds_no_token_and_no_failure(server: ServerProcess) -> None:
    server.get(f"/{link()}")
    server.get(f"/{link()}%00")
    assert link()[:16] not in server.log
    assert pixel()[:16] not in server.log
    assert "Traceback" not in server.log
    assert server.main.poll() is None


def test_the_edge_loads_no_django_and_no_records() -> None:
    code = (
        "import sys, backstamp.edge, backstamp.edge.app\n"
        "banned = ('django', 'backstamp.records', 'backstamp.worker', 'backstamp.console')\n"
        "bad = [m for m in sys.modules if m.startswith(banned)]\n"
        "sys.exit(repr(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_from_1_2_upwards(tmp_path: Path, authority: trustme.CA, version: ssl.TLSVersion) -> None:
    pem = tmp_path / "edge.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(pem))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.minimum_version = context.maximum_version = version
    with running_edge(tmp_path, pem=pem) as server:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                plain = server.connect()
                break
            except OSError:
                assert time.monotonic() < until, server.log
                time.sleep(0.05)
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            secure.sendall(f"GET /{link()} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert b"location: " + URL.encode() in secure.recv(4096)


def test_a_certificate_that_is_none_is_one_line(tmp_path: Path) -> None:
    pem = tmp_path / "edge.pem"
    pem.write_text("rubbish")
    with running_edge(tmp_path, pem=pem) as server:
        assert server.main.wait(PATIENCE_SECONDS) == 1
    assert "EdgeError: edge.tls_certificate and edge.tls_key cannot be used" in server.log.splitlines()[-1]
