"""A recipient's own page over HTTP, in real processes: bodies as servers see them."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from backstamp.vocabulary import WishAct
from tests.edge.server_process import PATIENCE_SECONDS, ServerProcess, running_edge
from tests.edge.setting import publish
from tests.edge.test_own_page import MULTIPART, ONE_CLICK, page, wishes

END = b"\r\n\r\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    publish(tmp_path)
    with running_edge(tmp_path) as server:
        yield server


def post(*fields: str, body: bytes, version: str = "1.1") -> bytes:
    lines = [f"POST {page()} HTTP/{version}", "Host: x", "Connection: close", *fields]
    return "\r\n".join(lines).encode() + END + body


def length(body: bytes) -> str:
    return f"Content-Length: {len(body)}"


def test_one_click_acts_in_every_form_that_a_body_may_have(server: ServerProcess, tmp_path: Path) -> None:
    requests = [
        post(length(ONE_CLICK), "Content-Type: application/x-www-form-urlencoded", body=ONE_CLICK),
        post(length(MULTIPART), "Content-Type: multipart/form-data; boundary=x", body=MULTIPART),
        post(
            "Transfer-Encoding: chunked",
            body=b"5\r\nList-\r\n15\r\nUnsubscribe=One-Click\r\n0\r\n\r\n",
        ),
        post(length(ONE_CLICK), body=ONE_CLICK, version="1.0"),
    ]
    for request in requests:
        assert server.exchange(request, PATIENCE_SECONDS).split(b"\r\n")[0].endswith(b" 200 OK")
    assert [wish.act for wish in wishes(tmp_path)] == [WishAct.UNSUBSCRIBE] * len(requests)


def test_a_body_that_is_too_long_or_empty_changes_nothing(server: ServerProcess, tmp_path: Path) -> None:
    for body in (b"", ONE_CLICK + b"&x=" + b"y" * 100_000):
        assert b" 400 " in server.exchange(post(length(body), body=body), PATIENCE_SECONDS).split(b"\r\n")[0]
    assert wishes(tmp_path) == []


def test_a_form_that_is_cut_short_changes_nothing(server: ServerProcess, tmp_path: Path) -> None:
    with server.connect() as client:
        client.sendall(post(f"Content-Length: {len(ONE_CLICK) + 20}", body=ONE_CLICK))
        client.shutdown(socket.SHUT_WR)
        assert client.recv(65_536).startswith(b"HTTP/1.1 400 ")
    assert wishes(tmp_path) == []


def test_head_has_the_fields_of_get_and_no_body(server: ServerProcess, tmp_path: Path) -> None:
    whole, head = server.get(page()), server.get(page(), method="HEAD")
    fields, _, body = whole.partition(END)
    assert body
    without_date = [
        [line for line in text.split(b"\r\n") if not line.startswith(b"date:")]
        for text in (fields, head.removesuffix(END))
    ]
    assert sorted(without_date[0]) == sorted(without_date[1])
    assert wishes(tmp_path) == []
