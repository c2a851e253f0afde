"""The sample button hands a mail to the gateway, and says what the gateway said."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from backstamp.console.config import ConsoleConfig
from backstamp.console.serving.server import serve
from backstamp.http_listener import PortTakenError
from tests.console.conftest import HOST

USUAL = {b"DATA": b"354 go on", b"QUIT": b"221 bye"}


class Gateway(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as it takes; `answers` holds what it says instead of yes."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, answers: dict[bytes, bytes]) -> None:
        super().__init__((HOST, port), Session)
        self.answers = answers
        self.heard: list[bytes] = []


class Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Gateway)
        self.wfile.write(b"220 gateway\r\n")
        for line in self.rfile:
            self.server.heard.append(line)
            verb = line[:4].upper().strip()
            answer = self.server.answers.get(verb, USUAL.get(verb, b"250 2.0.0 Ok"))
            self.wfile.write(answer + b"\r\n")
            if answer.startswith(b"354"):
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    self.server.heard.append(line)
                self.wfile.write(self.server.answers.get(b".", b"250 2.0.0 Ok") + b"\r\n")


@contextmanager
def gateway(config: ConsoleConfig, answers: dict[bytes, bytes]) -> Iterator[Gateway]:
    with Gateway(config.gateway_port, answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_sample_goes_from_the_administrator_to_the_administrator(
    admin: Client, config: ConsoleConfig
) -> None:
    with gateway(config, {}) as server:
        answer = admin.post("/sample/", follow=True)
    assert "The sample is on its way to ada@example.org." in answer.text
    heard = b"".join(server.heard)
    commands = heard.lower()  # Of smtplib, which writes them otherwise since Python 3.13.
    assert b"mail from:<ada@example.org>" in commands
    assert b"rcpt to:<ada@example.org>" in commands
    assert b"Subject: Your first postmark from Backstamp\r\n" in heard


@pytest.mark.parametrize("stage", [b"MAIL", b"RCPT", b"DATA", b"."])
def test_a_refusal_is_shown_as_the_gateway_said_it_and_escaped(
    admin: Client, config: ConsoleConfig, stage: bytes
) -> None:
    with gateway(config, {stage: b"451 4.7.1 <b>Not now</b>"}):
        answer = admin.post("/sample/", follow=True)
    assert "The sample was refused: 451 4.7.1 &lt;b&gt;Not now&lt;/b&gt;" in answer.text


def test_an_address_that_no_sample_can_carry_is_said(admin: Client) -> None:
    get_user_model().objects.update(email="grüße@example.org")
    assert "must be plain ASCII" in admin.post("/sample/", follow=True).text


def test_a_console_whose_port_is_taken_says_so_in_one_line() -> None:
    with Gateway(0, {}) as taken:
        port = taken.server_address[1]
        with pytest.raises(
            PortTakenError, match=f"console.listen: cannot listen on {HOST}:{port} "
        ) as raised:
            serve(HOST, int(port), "backstamp.app.targets.console:target")
    assert "\n" not in str(raised.value)
