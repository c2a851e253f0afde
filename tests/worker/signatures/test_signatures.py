"""Newer lists of networks: asked for once a day, taken whole or not at all."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backstamp.shared_files import SignatureFile, publish_updates
from backstamp.verdicts.published import LISTS, ListCopy, Updates
from backstamp.worker.signatures import Fetched, FetchError, Unchanged, fetch, keeping, refresh
from backstamp.worker.signatures.keeping import SignatureKeeping, due_at
from tests.worker.signatures.lists_server import ETAG, Publisher, publisher

APPLE = LISTS[0]
ROWS = [f"172.{224 + n // 256}.{n % 256}.0/28,GB,GB-EN,London,\n" for n in range(600)]
BODY = "".join(ROWS).encode()


@pytest.fixture
def server() -> Iterator[Publisher]:
    with publisher(BODY) as serving:
        yield serving


def ask(server: Publisher, path: Path, what: str, *, may_shrink: bool = False) -> tuple[str, bool]:
    (outcome,) = refresh(path, urls={APPLE.name: server.url(what)}, lists=[APPLE], may_shrink=may_shrink)
    return outcome.text, outcome.good


def test_a_list_is_fetched_and_the_second_time_only_asked_about(server: Publisher, tmp_path: Path) -> None:
    path = tmp_path / "signatures.json"
    assert ask(server, path, "good") == ("600 networks", True)
    first = SignatureFile(path)
    assert first.table().classify("172.224.3.9") == "apple_relay"
    assert first.table().classify("172.224.3.99") == ""
    copy = first.updates().copy(APPLE.name)
    assert copy is not None
    long_ago = ListCopy(name=APPLE.name, prefixes=copy.prefixes, checked_at=1, changed_at=1, etag=copy.etag)
    publish_updates(path, Updates((long_ago,)))
    assert ask(server, path, "good") == ("unchanged", True)
    assert "if-none-match" not in server.asked[0]
    assert server.asked[1]["if-none-match"] == ETAG
    again = SignatureFile(path).updates().copy(APPLE.name)
    assert again is not None
    assert again.prefixes == copy.prefixes
    assert again.changed_at == 1
    assert again.checked_at >= copy.checked_at


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("gone", "the server answered 410"),
        ("cut", "it ended after"),
        ("page", "line 1 ends early"),
        ("promised", "more than 16000000"),
        ("endless", "more than 16000000 bytes"),
        ("round", "redirected more than 4 times"),
        ("nowhere", "it was redirected, and the server does not say where to"),
        ("file", "it was redirected to what is no http or https URL"),
        ("port", "it was redirected to what is no http or https URL"),
        ("control", "it was redirected to what is no http or https URL"),
        ("bytes", "it was redirected to what is no http or https URL"),
        ("noise", "no HTTP"),
    ],
)
def test_what_a_publisher_does_wrong_leaves_the_last_good_copy_in_force(
    server: Publisher, tmp_path: Path, what: str, why: str
) -> None:
    path = tmp_path / "signatures.json"
    assert ask(server, path, "moved")[1]
    before = path.read_bytes()
    text, good = ask(server, path, what)
    assert not good
    assert why in text
    assert "\n" not in text
    assert "script" not in text
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir() if "signatures" in file.name] == ["signatures.json"]


@pytest.mark.parametrize("what", ["slow", "slowhead"])
def test_a_byte_now_and_then_does_not_keep_us_beyond_the_time_limit(server: Publisher, what: str) -> None:
    began = time.monotonic()
    with pytest.raises(FetchError, match="within 1 s"):
        fetch(server.url(what), max_bytes=100_000, seconds=1.0)
    assert time.monotonic() - began < 30


def test_nobody_there_is_said_in_words(server: Publisher) -> None:
    port = server.server_port
    server.shutdown()
    server.server_close()
    for url in (
        f"http://127.0.0.1:{port}/",
        "http://[::1",
        "gopher://example.org/",
        "http://127.0.0.1:99999/",
    ):
        with pytest.raises(FetchError, match=r"^(?!.*\n)"):
            fetch(url, max_bytes=10)


def test_a_list_that_shrank_needs_an_operators_word(server: Publisher, tmp_path: Path) -> None:
    path = tmp_path / "signatures.json"
    server.body = BODY + BODY.replace(b"172.22", b"172.23").replace(b".0/28", b".64/28")
    assert ask(server, path, "good")[1]
    before = path.read_bytes()
    server.body = b"".join(row.encode() for row in ROWS[:550])
    copy = SignatureFile(path).updates().lists[0]
    publish_updates(
        path, Updates((ListCopy(name=copy.name, prefixes=copy.prefixes, checked_at=1, changed_at=1),))
    )
    text, good = ask(server, path, "good")
    assert (good, "--accept-shrink" in text) == (False, True)
    assert len(SignatureFile(path).updates().lists[0].prefixes) == 1200
    assert ask(server, path, "good", may_shrink=True) == ("550 networks", True)
    assert path.read_bytes() != before


def test_one_publisher_that_fails_does_not_keep_the_others_back(tmp_path: Path) -> None:
    asked: list[str] = []

    def get(url: str, **_: object) -> Fetched | Unchanged:
        asked.append(url)
        if "apple" in url or "icloud" in url:
            raise FetchError("its host has no address here")
        if "telegram" in url:
            return Fetched(b"91.108.56.0/22\n149.154.160.0/20\n91.105.192.0/23\n", "", "")
        return Unchanged()

    outcomes = {each.name: each.good for each in refresh(tmp_path / "signatures.json", get=get)}
    assert len(asked) == len(LISTS)
    assert "{uuid}" not in "".join(asked)
    assert [name for name, good in outcomes.items() if good] == ["telegram"]


@pytest.mark.parametrize("looked_at", [0, 365 * 86_400], ids=["never", "by a clock a year fast"])
def test_the_worker_asks_when_the_oldest_list_is_a_day_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    path = tmp_path / "signatures.json"
    looks: list[Path] = []

    def publish(at: Path, now: int) -> None:
        publish_updates(
            at,
            Updates(
                tuple(
                    ListCopy(name=each.name, prefixes=("198.51.100.0/24",), checked_at=now, changed_at=now)
                    for each in LISTS
                )
            ),
        )

    def refreshed(at: Path) -> Iterator[object]:
        looks.append(at)
        publish(at, int(time.time()))
        return iter(())

    if looked_at:
        publish(path, int(time.time()) + looked_at)
    monkeypatch.setattr(keeping, "refresh", refreshed)
    assert due_at(Updates()) < time.time()

    async def run() -> None:
        stop = asyncio.Event()
        part = asyncio.create_task(SignatureKeeping(path, first_seconds=0.01).run(stop))
        async with asyncio.timeout(60):
            while not looks:
                await asyncio.sleep(0.01)
        stop.set()
        await part
        stop.clear()
        part = asyncio.create_task(SignatureKeeping(path, first_seconds=0.01).run(stop))
        await asyncio.sleep(0.2)
        stop.set()
        await part

    asyncio.run(run())
    assert looks == [path]
    assert due_at(SignatureFile(path).updates()) > time.time() + 86_000


def test_a_damaged_file_leaves_what_was_read_before_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("backstamp.shared_files.signature_file.RECHECK_SECONDS", 0.0)
    path = tmp_path / "signatures.json"
    copy = ListCopy(name=APPLE.name, prefixes=("198.51.100.0/24",), checked_at=1, changed_at=1)
    publish_updates(path, Updates((copy,)))
    reader = SignatureFile(path)
    table = reader.table()
    for damaged in (
        b"{",
        b'{"lists": [{"name": "apple-relay", "prefixes": ["x"], "checked_at": 1, "changed_at": 1}]}',
    ):
        path.write_bytes(damaged)
        assert reader.table() is table
    path.unlink()
    assert reader.table() is table
    assert table.classify("198.51.100.1") == "apple_relay"
    assert caplog.text.count("the last good signatures stay in force") == 2
