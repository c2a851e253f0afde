"""The pages before a link over HTTP: a real edge, in processes of its own."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from backstamp.policy import OwnList, Protection, ProtectionMode
from backstamp.vocabulary import ClickAction, ReaderReportKind
from tests.edge.guarded import PREFIX, digest, guard, list_bad, received, reports_in, sent
from tests.edge.server_process import PATIENCE_SECONDS, ServerProcess, head_and_body, running_edge
from tests.edge.setting import RECIPIENT, hits_in

BAD = "https://www.phish.example/login"
DOUBTED = "https://paypal-login.example/account?x=1"
ONLY_HIS = "https://his.example/"
OTHER = b"somebody"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("edge")
    own_lists = {OTHER.hex(): OwnList(blocked=frozenset({digest("his.example/")}))}
    guard(directory, Protection(mode=ProtectionMode.PROTECT, may_override=True), own_lists=own_lists)
    list_bad(directory, prefixes=(PREFIX,))
    return directory


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[ServerProcess]:
    with running_edge(directory, workers=2) as server:
        yield server


def post(server: ServerProcess, path: str, body: bytes, *fields: str) -> tuple[bytes, list[bytes], bytes]:
    lines = (
        f"POST {path} HTTP/1.1",
        *("Host: x", "Connection: close", "Content-Type: application/x-www-form-urlencoded"),
        f"Content-Length: {len(body)}",
        *fields,
    )
    return head_and_body(server.exchange("\r\n".join(lines).encode() + b"\r\n\r\n" + body, PATIENCE_SECONDS))


def locations(fields: list[bytes]) -> list[bytes]:
    return [field for field in fields if field.startswith(b"location:")]


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "This link is blocked"), ("de", "Dieser Link ist gesperrt"), ("ko", "차단된 링크입니다")],
)
@pytest.mark.parametrize("path", [received(BAD), sent(BAD)], ids=["received", "sent"])
def test_a_blocked_link_is_a_page_in_the_readers_language(
    server: ServerProcess, path: str, language: str, title: str
) -> None:
    status, fields, body = head_and_body(server.get(path, f"Accept-Language: {language}"))
    assert status == b"HTTP/1.1 403 Forbidden"
    assert locations(fields) == []
    assert f"<h1>{title}</h1>".encode() in body
    assert b"content-language: " + language.encode() in fields
    assert b"cache-control: no-store, no-cache, must-revalidate, private, max-age=0" in fields
    head = head_and_body(server.get(path, f"Accept-Language: {language}", method="HEAD"))
    assert head == (status, fields, b"")


def test_a_warned_reader_goes_on_and_a_blocked_one_with_a_reason(
    server: ServerProcess, directory: Path
) -> None:
    status, fields, _ = post(server, received(DOUBTED), b"act=go_on")
    assert (status, locations(fields)) == (b"HTTP/1.1 303 See Other", [b"location: " + DOUBTED.encode()])
    status, fields, _ = post(server, received(BAD), b"act=go_on")
    assert (status, locations(fields)) == (b"HTTP/1.1 403 Forbidden", [])
    status, fields, _ = post(server, received(BAD), b"act=go_on&text=We+test+it")
    assert (status, locations(fields)) == (b"HTTP/1.1 303 See Other", [b"location: " + BAD.encode()])
    assert [hit.action for hit in hits_in(directory) if hit.action is ClickAction.GO_ON] == [
        ClickAction.GO_ON
    ] * 2
    assert [report.text for report in reports_in(directory)] == ["We test it"]


def test_a_report_is_thanked_for_and_another_sites_form_is_not(
    server: ServerProcess, directory: Path
) -> None:
    refused = post(server, received(BAD), b"act=phishing", "Sec-Fetch-Site: cross-site")
    assert refused[0] == b"HTTP/1.1 405 Method Not Allowed"
    status, _, body = post(server, received(BAD), b"act=phishing&text=%ED%95%9C", "Accept-Language: de")
    assert status == b"HTTP/1.1 200 OK"
    assert b"Danke. Der Administrator sieht" in body
    reports = [each for each in reports_in(directory) if each.kind is ReaderReportKind.PHISHING]
    assert [each.text for each in reports] == ["한"]


def test_a_check_goes_on_by_itself_whichever_worker_answers(server: ServerProcess) -> None:
    path = received(f"https://{PREFIX}a")
    status, _, body = head_and_body(server.get(path))
    assert status == b"HTTP/1.1 202 Accepted"
    match = re.search(rb'content="1; url=(\?w=[\w-]{32})"', body)
    assert match is not None
    for _ in range(8):
        status, _, body = head_and_body(server.get(path + match[1].decode()))
        assert status == b"HTTP/1.1 202 Accepted"
        assert match[1] in body, "the wait goes on from where it began"


def test_tokens_of_one_mailbox_do_for_another_what_they_say_and_nothing_else(server: ServerProcess) -> None:
    his, hers = received(ONLY_HIS, recipient_key=OTHER), received(ONLY_HIS, recipient_key=RECIPIENT)
    assert b" 403 " in head_and_body(server.get(his))[0]
    assert locations(head_and_body(server.get(hers))[1]) == [b"location: " + ONLY_HIS.encode()]
    for cut in range(2, len(his), 7):
        for mixed in (his[:cut] + hers[cut:], hers[:cut] + his[cut:]):
            if mixed not in (his, hers):
                assert locations(head_and_body(server.get(mixed))[1]) == []
    for more in ("?url=https://evil.example/", "?act=go_on&text=please", "#x", "?to=" + hers):
        assert locations(head_and_body(server.get(his + more))[1]) == []


def test_a_form_that_is_too_long_or_of_another_kind_leads_nowhere(server: ServerProcess) -> None:
    for body in (b"act=go_on&text=" + b"x" * 40_000, b'{"act":"go_on"}', b"\0" * 100):
        status, fields, _ = post(server, received(DOUBTED), body)
        assert (status, locations(fields)) == (b"HTTP/1.1 405 Method Not Allowed", [])
    lines = (
        f"POST {received(DOUBTED)} HTTP/1.1",
        "Host: x",
        "Connection: close",
        "Transfer-Encoding: chunked",
    )
    form = b"4\r\nact=\r\n5\r\ngo_on\r\n0\r\n\r\n"
    answer = server.exchange("\r\n".join(lines).encode() + b"\r\n\r\n" + form, PATIENCE_SECONDS)
    assert locations(head_and_body(answer)[1]) == [b"location: " + DOUBTED.encode()]
