"""HTTP/2 where it differs from HTTP/1.1 inside Granian: HEAD, and bodies that break off."""

import time
from collections.abc import Iterator
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import h2.settings
import pytest

from backstamp.shared_files import Answer
from backstamp.shared_files.edge_counters import read_edge_counters
from tests.edge.server_process import PATIENCE_SECONDS, PATIENT, ServerProcess, running_edge
from tests.edge.setting import link, pixel, publish
from tests.edge.test_own_page import page, wishes

TARGETS = [f"/{pixel()}", f"/{link()}", f"/{link(protected=True)}", page(), "/healthz", "/nothing"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    publish(tmp_path)
    with running_edge(tmp_path) as server:
        yield server


def begun() -> h2.connection.H2Connection:
    connection = h2.connection.H2Connection(h2.config.H2Configuration())
    connection.initiate_connection()
    return connection


def fields(method: str, target: str) -> list[tuple[str, str]]:
    return [(":method", method), (":path", target), (":authority", "x"), (":scheme", "http")]


def answer(server: ServerProcess, method: str, target: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Header section without the date, and body."""
    connection, section, body = begun(), list[tuple[bytes, bytes]](), b""
    connection.send_headers(1, fields(method, target), end_stream=True)
    with server.connect() as client:
        client.sendall(connection.data_to_send())
        while True:
            for event in connection.receive_data(client.recv(65_536)):
                if isinstance(event, h2.events.ResponseReceived):
                    section = [field for field in event.headers if field[0] != b"date"]
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                elif isinstance(event, h2.events.StreamEnded):
                    return sorted(section), body


@pytest.mark.parametrize("target", TARGETS)
def test_head_has_the_fields_of_get_and_no_body(server: ServerProcess, target: str) -> None:
    section, body = answer(server, "GET", target)
    assert dict(section)[b"content-length"] == str(len(body)).encode()
    assert answer(server, "HEAD", target) == (section, b"")


def test_a_client_that_takes_no_answers_can_have_few_of_them_kept(server: ServerProcess) -> None:
    connection, refused = begun(), list[int]()
    connection.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
    for number in range(100):
        connection.send_headers(2 * number + 1, fields("GET", f"/{link(protected=True)}"), end_stream=True)
    connection.ping(b"all came")
    with server.connect() as client:
        client.sendall(connection.data_to_send())
        came = False
        while not came:
            for event in connection.receive_data(client.recv(65_536)):
                came = came or isinstance(event, h2.events.PingAckReceived)
                if isinstance(event, h2.events.StreamReset):
                    refused.append(event.stream_id)
    assert connection.remote_settings.max_concurrent_streams == 16
    assert refused == list(range(33, 201, 2))


def test_a_form_that_breaks_off_is_not_waited_for(tmp_path: Path) -> None:
    publish(tmp_path)
    broken = [f"/{link(protected=True)}", page()] * 5
    connection = begun()
    for number, target in enumerate(broken):
        connection.send_headers(2 * number + 1, fields("POST", target))
        connection.send_data(2 * number + 1, b"act=go_on")
    connection.ping(b"all came")
    with running_edge(tmp_path, target=PATIENT) as server:
        with server.connect() as client:
            client.sendall(connection.data_to_send())
            while not any(
                isinstance(event, h2.events.PingAckReceived)
                for event in connection.receive_data(client.recv(65_536))
            ):
                pass
        until = time.monotonic() + PATIENCE_SECONDS
        while sum(answers_in(tmp_path).values()) < len(broken) and time.monotonic() < until:
            time.sleep(0.1)
        assert answers_in(tmp_path) == {Answer.NOT_ALLOWED: 5, Answer.PAGE: 5}
    assert wishes(tmp_path) == []


def answers_in(directory: Path) -> dict[Answer, int]:
    """What was answered; `/healthz`, by which the server was waited for, is left out."""
    (values,) = read_edge_counters(directory / "metrics")
    found = {answer: number for answer, number in values.answers.items() if number}
    found[Answer.PAGE] = found.get(Answer.PAGE, 0) - 1
    return found
