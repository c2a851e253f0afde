"""TLS by the edge itself: renewal without a cut request, HTTP/2, and what is refused."""

import multiprocessing
import os
import signal
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from backstamp.certificate import Certificate
from backstamp.http_listener import STARTED_SECONDS
from tests.daemons import require
from tests.edge.server_process import ServerProcess, running_edge
from tests.edge.setting import URL, link, pixel


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def issue(authority: trustme.CA, path: Path) -> int:
    """Write a new certificate and its key to one file, whole at once; return its serial number."""
    issued = authority.issue_cert("localhost")
    fresh = path.with_name("fresh.pem")
    issued.private_key_and_cert_chain_pem.write_to_path(str(fresh))
    fresh.replace(path)
    return x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes()).serial_number


def context(authority: trustme.CA) -> ssl.SSLContext:
    made = ssl.create_default_context()
    authority.configure_trust(made)
    return made


def serial(server: ServerProcess, trusting: ssl.SSLContext) -> int:
    with trusting.wrap_socket(server.connect(), server_hostname="localhost") as secure:
        der = secure.getpeercert(binary_form=True)
        assert der
        return x509.load_der_x509_certificate(der).serial_number


def wait_until(what: Callable[[], bool], server: ServerProcess) -> None:
    until = time.monotonic() + 120
    while not what():
        assert time.monotonic() < until, server.log
        time.sleep(0.1)


def wait_for(server: ServerProcess, trusting: ssl.SSLContext, wanted: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            if serial(server, trusting) == wanted:
                return
        except OSError:
            assert server.main.poll() is None, server.log
        time.sleep(0.1)
    raise AssertionError(server.log)


class Client(threading.Thread):
    """Asks for one link after the other, each on a connection of its own, and notes what came."""

    def __init__(self, server: ServerProcess, trusting: ssl.SSLContext) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.trusting = trusting
        self.seen: Counter[str] = Counter()
        self.stopping = threading.Event()

    def run(self) -> None:
        request = f"GET /{link()} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        while not self.stopping.is_set():
            try:
                with self.trusting.wrap_socket(self.server.connect(), server_hostname="localhost") as secure:
                    secure.sendall(request)
                    answered = b"location: " + URL.encode() in secure.recv(4096)
                    self.seen["answered" if answered else "cut"] += 1
            except OSError as error:
                self.seen[repr(error)] += 1


def test_a_renewed_certificate_is_used_without_a_restart_and_cuts_handshakes_at_most(
    tmp_path: Path, authority: trustme.CA
) -> None:
    # As certbot does it: the name that is configured is a link, which is turned to a new file.
    live, trusting = tmp_path / "live.pem", context(authority)
    first = issue(authority, tmp_path / "1.pem")
    live.symlink_to("1.pem")
    with running_edge(tmp_path, pem=live) as server:
        wait_for(server, trusting, first)
        main, client = server.main.pid, Client(server, trusting)
        client.start()
        second = issue(authority, tmp_path / "2.pem")
        (tmp_path / "turned.pem").symlink_to("2.pem")
        (tmp_path / "turned.pem").replace(live)
        (tmp_path / "1.pem").unlink()
        wait_for(server, trusting, second)
        wait_until(lambda: len(server.workers()) == 1, server)  # the old one has gone
        assert serial(server, trusting) == second
        wait_until(lambda: client.seen["answered"] > 20, server)
        client.stopping.set()
        client.join()
        assert (server.main.pid, len(server.workers())) == (main, 1)
    # A worker that goes closes what is not through its handshake yet; by TLS 1.3 a client may have sent its
    # request by then. That is one connection, for this client opens them one after the other.
    unanswered = client.seen.total() - client.seen["answered"]
    assert unanswered <= 1, client.seen
    assert "a renewed certificate is taken into use" in server.log


def test_a_broken_renewal_leaves_the_old_certificate_in_use(tmp_path: Path, authority: trustme.CA) -> None:
    pem, trusting = tmp_path / "edge.pem", context(authority)
    first = issue(authority, pem)
    with running_edge(tmp_path, pem=pem) as server:
        wait_for(server, trusting, first)
        pem.write_text("rubbish")
        server.main.send_signal(signal.SIGHUP)
        wait_until(lambda: "the new certificate cannot be used" in server.log, server)
        wait_until(lambda: "SIGHUP: the certificate cannot be used" in server.log, server)
        assert serial(server, trusting) == first
        wait_for(server, trusting, issue(authority, pem))


def test_a_worker_that_dies_during_a_renewal_comes_back_with_the_old_certificate(
    tmp_path: Path, authority: trustme.CA
) -> None:
    pem, trusting = tmp_path / "edge.pem", context(authority)
    first = issue(authority, pem)
    with running_edge(tmp_path, pem=pem) as server:
        wait_for(server, trusting, first)
        for damage in (pem.unlink, lambda: pem.write_text("rubbish")):
            damage()
            time.sleep(STARTED_SECONDS)  # what dies sooner is taken for one that cannot start
            (worker,) = server.workers()
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda worker=worker: worker not in server.workers(), server)  # type: ignore[misc]
            wait_for(server, trusting, first)
        wait_for(server, trusting, issue(authority, pem))


def test_a_pair_that_breaks_while_workers_are_replaced_ends_nothing(
    tmp_path: Path, authority: trustme.CA
) -> None:
    pem, trusting = tmp_path / "edge.pem", context(authority)
    first = issue(authority, pem)
    with running_edge(tmp_path, pem=pem) as server:
        wait_for(server, trusting, first)
        old = server.workers()
        server.main.send_signal(signal.SIGHUP)
        # Whether the old one is there still or not: it may have gone before anybody looks.
        wait_until(lambda: not set(server.workers()) <= set(old), server)
        server.main.send_signal(signal.SIGHUP)  # good as yet; its turn comes when the first is done
        time.sleep(0.1)
        pem.write_text("rubbish")
        wait_until(lambda: "the new certificate cannot be used" in server.log, server)
        wait_until(lambda: not set(old) & set(server.workers()), server)
        time.sleep(1)
        wait_for(server, trusting, first)  # a handshake may be cut where one worker follows another
        server.main.terminate()
        server.main.wait(90)
        assert "Traceback" not in server.log


def test_a_pair_is_taken_when_both_files_fit(tmp_path: Path, authority: trustme.CA) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"

    def write(issued: trustme.LeafCert) -> None:
        key.write_bytes(issued.private_key_pem.bytes())
        chain.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))

    one, two = authority.issue_cert("localhost"), authority.issue_cert("localhost")
    write(one)
    certificate = Certificate(chain, key)
    assert not certificate.is_renewed()
    key.write_bytes(two.private_key_pem.bytes())
    assert not certificate.is_renewed()
    write(two)
    assert certificate.is_renewed()
    assert not certificate.is_renewed()
    chain.unlink()
    assert not certificate.is_renewed()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another")
def test_a_worker_reads_the_pair_though_nobody_may_look_into_its_parent(
    tmp_path: Path, authority: trustme.CA
) -> None:
    pem = tmp_path / "edge.pem"
    issue(authority, pem)
    certificate = Certificate(pem, pem)
    assert certificate.take() == ""
    forked = multiprocessing.get_context("fork")

    def read() -> None:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*certificate.copies)

    def parent() -> None:
        os.setuid(65534)  # as with capabilities of its own: no dump, and no look by its own user (proc(5))
        worker = forked.Process(target=read)
        worker.start()
        worker.join()
        os._exit(worker.exitcode or 0)

    edge = forked.Process(target=parent)
    edge.start()
    edge.join()
    assert edge.exitcode == 0


@pytest.mark.daemon
def test_http_2_is_spoken_where_the_client_can_and_http_1_1_where_not(
    tmp_path: Path, authority: trustme.CA
) -> None:
    curl = require("curl")
    pem = tmp_path / "edge.pem"
    first = issue(authority, pem)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with running_edge(tmp_path, pem=pem) as server:
        wait_for(server, context(authority), first)
        base = f"https://localhost:{server.port}"
        for option, version in (("--http2", "2"), ("--http1.1", "1.1")):
            shown = "%{http_version} %{http_code} %{redirect_url} %{size_download}\n"
            done = subprocess.run(
                [
                    curl,
                    "-sS",
                    option,
                    "--cacert",
                    tmp_path / "ca.pem",
                    "--resolve",
                    f"localhost:{server.port}:127.0.0.1",
                    "-w",
                    shown,
                    f"{base}/{link()}",
                    "-o",
                    tmp_path / "1",
                    f"{base}/{pixel()}",
                    "-o",
                    tmp_path / "2",
                ],
                capture_output=True,
                text=True,
                check=True,
                timeout=30,
            )
            assert done.stdout.splitlines() == [f"{version} 302 {URL} 0", f"{version} 200  43"]


def test_old_tls_is_refused(tmp_path: Path, authority: trustme.CA) -> None:
    openssl = require("openssl")
    pem = tmp_path / "edge.pem"
    first = issue(authority, pem)
    with running_edge(tmp_path, pem=pem) as server:
        wait_for(server, context(authority), first)
        for option, works in (("-tls1_1", False), ("-tls1_2", True)):
            done = subprocess.run(
                [
                    openssl,
                    "s_client",
                    "-connect",
                    f"127.0.0.1:{server.port}",
                    "-cipher",
                    "DEFAULT@SECLEVEL=0",
                    option,
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=30,
            )
            assert (b"Cipher is (NONE)" not in done.stdout) is works
