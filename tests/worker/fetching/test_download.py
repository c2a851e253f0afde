"""Big lists: into a file, conditional, resumed, and bounded in time and size."""

import gzip
import ipaddress
import socket
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from backstamp.worker.fetching import (
    Downloaded,
    FetchError,
    Unchanged,
    Validators,
    connecting,
    download,
    fetch,
)
from tests.daemons import free_port
from tests.worker.feeds.feed_server import FeedServer, Page

NONE = Validators()
BODY = b"".join(b"http://evil%d.example/a\n" % n for n in range(5000))


def get(
    server: FeedServer, into: Path, *, known: Validators = NONE, max_bytes: int = 10**6
) -> Downloaded | Unchanged:
    return download(server.url("/list"), into, max_bytes=max_bytes, known=known, seconds=5)


def cut_off(server: FeedServer, folder: Path) -> Path:
    """Return where the first 70,000 bytes of a list are, whose server has hung up."""
    server.pages["/list"] = Page(BODY, etag='"v1"', cut_after=70_000)
    into = folder / "list.part"
    with pytest.raises(FetchError, match="ended after"):
        get(server, into)
    return into


def test_a_list_comes_whole_and_the_second_time_is_only_asked_about(
    server: FeedServer, tmp_path: Path
) -> None:
    server.pages["/list"] = Page(BODY, etag='"v1"', last_modified="Sun, 01 Nov 2026 00:00:00 GMT")
    into = tmp_path / "list.part"
    answer = get(server, into)
    assert answer == Downloaded(Validators('"v1"', "Sun, 01 Nov 2026 00:00:00 GMT"))
    assert into.read_bytes() == BODY
    assert [file.name for file in tmp_path.iterdir()] == ["list.part"]
    assert get(server, tmp_path / "again", known=answer.validators) == Unchanged()
    assert server.asked[1].headers["if-none-match"] == '"v1"'
    assert server.asked[1].headers["if-modified-since"] == "Sun, 01 Nov 2026 00:00:00 GMT"


def test_a_download_that_broke_off_goes_on_where_it_was(server: FeedServer, tmp_path: Path) -> None:
    server.pages["/list"] = Page(BODY, etag='"v1"', cut_after=70_000)
    into = tmp_path / "list.part"
    with pytest.raises(FetchError, match=f"ended after 70000 of {len(BODY)} bytes"):
        get(server, into)
    assert into.read_bytes() == BODY[:70_000]
    server.pages["/list"].cut_after = None
    assert get(server, into) == Downloaded(Validators('"v1"', ""))
    assert into.read_bytes() == BODY
    assert server.asked[1].headers["range"] == "bytes=70000-"
    assert server.asked[1].headers["if-range"] == '"v1"'


def test_a_list_that_has_changed_in_between_is_begun_anew(server: FeedServer, tmp_path: Path) -> None:
    into = cut_off(server, tmp_path)
    server.pages["/list"] = Page(b"another\n", etag='"v2"')
    assert get(server, into) == Downloaded(Validators('"v2"', ""))
    assert into.read_bytes() == b"another\n"


@pytest.mark.parametrize(
    "page",
    [
        Page(BODY, cut_after=70_000),
        Page(BODY, etag='W/"weak"', cut_after=70_000),
    ],
)
def test_without_a_strong_validator_nothing_is_resumed(
    server: FeedServer, tmp_path: Path, page: Page
) -> None:
    server.pages["/list"] = page
    into = tmp_path / "list.part"
    for _ in range(2):
        with pytest.raises(FetchError, match="ended after 70000"):
            get(server, into)
        assert list(tmp_path.iterdir()) == []
    assert all("range" not in asked.headers for asked in server.asked)


@pytest.mark.parametrize(
    ("status", "headers"),
    [(416, {}), (206, {"content-range": "bytes 0-9/10"}), (206, {})],
)
def test_a_part_that_does_not_fit_is_thrown_away(
    server: FeedServer, tmp_path: Path, status: int, headers: dict[str, str]
) -> None:
    into = cut_off(server, tmp_path)
    server.pages["/list"] = Page(b"0123456789", status=status, headers=headers, ranges=False)
    with pytest.raises(FetchError, match="part"):
        get(server, into)
    assert list(tmp_path.iterdir()) == []
    server.pages["/list"] = Page(BODY, etag='"v1"')
    assert isinstance(get(server, into), Downloaded)
    assert into.read_bytes() == BODY


def test_the_rest_of_another_version_is_thrown_away(server: FeedServer, tmp_path: Path) -> None:
    """A server that knows no If-Range: the two would make a list that nobody has published."""
    into = cut_off(server, tmp_path)
    part = {"content-range": f"bytes 70000-{len(BODY) - 1}/{len(BODY)}"}
    server.pages["/list"] = Page(BODY[70_000:], etag='"v2"', status=206, headers=part, ranges=False)
    with pytest.raises(FetchError, match="another part"):
        get(server, into)
    assert list(tmp_path.iterdir()) == []


def test_a_part_of_the_rest_is_not_the_rest(server: FeedServer, tmp_path: Path) -> None:
    """A server may send less than was asked for (RFC 9110, section 15.3.7), and say so."""
    into = cut_off(server, tmp_path)
    part = {"content-range": f"bytes 70000-79999/{len(BODY)}"}
    server.pages["/list"] = Page(BODY[70_000:80_000], etag='"v1"', status=206, headers=part, ranges=False)
    with pytest.raises(FetchError, match=f"ended after 80000 of {len(BODY)} bytes"):
        get(server, into)
    server.pages["/list"] = Page(BODY, etag='"v1"')
    assert get(server, into) == Downloaded(Validators('"v1"', ""))
    assert into.read_bytes() == BODY
    assert server.asked[2].headers["range"] == "bytes=80000-"


def test_a_list_of_which_we_have_nothing_is_not_unchanged(server: FeedServer, tmp_path: Path) -> None:
    server.pages["/list"] = Page(status=304)
    with pytest.raises(FetchError, match="answered 304"):
        get(server, tmp_path / "list.part")
    with pytest.raises(FetchError, match="answered 304"):
        fetch(server.url("/list"), max_bytes=9)


def test_the_limit_holds_for_the_sum_of_the_parts(server: FeedServer, tmp_path: Path) -> None:
    server.pages["/list"] = Page(BODY, etag='"v1"', cut_after=50_000)
    into = tmp_path / "list.part"
    with pytest.raises(FetchError, match="ended after"):
        get(server, into, max_bytes=len(BODY))
    server.pages["/list"].cut_after = None
    with pytest.raises(FetchError, match="more than"):
        get(server, into, max_bytes=60_000)


@pytest.mark.parametrize("says_length", [True, False])
def test_a_list_that_is_too_big_leaves_nothing(
    server: FeedServer, tmp_path: Path, *, says_length: bool
) -> None:
    server.pages["/list"] = Page(BODY, etag='"v1"', says_length=says_length)
    told = f"it has {len(BODY)} bytes, more than 1000" if says_length else "it has more than 1000 bytes"
    with pytest.raises(FetchError, match=told):
        get(server, tmp_path / "list.part", max_bytes=1000)
    assert [file.stat().st_size for file in tmp_path.iterdir() if file.name == "list.part"] in ([], [0])


def test_compressed_bytes_are_kept_as_they_are(server: FeedServer, tmp_path: Path) -> None:
    server.pages["/list"] = Page(gzip.compress(BODY), headers={"content-encoding": "gzip"})
    into = tmp_path / "list.part"
    get(server, into)
    assert gzip.decompress(into.read_bytes()) == BODY
    server.pages["/list"] = Page(b"?", headers={"content-encoding": "br"})
    with pytest.raises(FetchError, match="not asked for"):
        get(server, into)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), ("999999999999", 604_800), ("soon", 0), ("-5", 0), ("", 0)],
)
def test_retry_after_is_told(server: FeedServer, tmp_path: Path, text: str, seconds: float) -> None:
    server.pages["/list"] = Page(status=429, headers={"retry-after": text})
    with pytest.raises(FetchError, match="answered 429") as caught:
        get(server, tmp_path / "list.part")
    assert caught.value.retry_after == seconds


def test_retry_after_may_be_a_date(server: FeedServer, tmp_path: Path) -> None:
    server.pages["/list"] = Page(
        status=503, headers={"retry-after": formatdate(time.time() + 3600, usegmt=True)}
    )
    with pytest.raises(FetchError) as caught:
        get(server, tmp_path / "list.part")
    assert caught.value.retry_after == pytest.approx(3600, abs=60)


def test_a_slow_list_ends_in_time_and_is_resumed(server: FeedServer, tmp_path: Path) -> None:
    server.pages["/list"] = Page(b"http://evil.example/\n" * 3, etag='"v1"', byte_seconds=0.2)
    into = tmp_path / "list.part"
    began = time.monotonic()
    with pytest.raises(FetchError, match="within 2 s"):
        download(server.url("/list"), into, max_bytes=100, known=Validators(), seconds=2.0)
    assert time.monotonic() - began < 10, "the whole takes 12 s"
    have = into.stat().st_size
    assert 0 < have < 60
    server.pages["/list"].byte_seconds = 0
    assert isinstance(get(server, into), Downloaded)
    assert into.read_bytes() == b"http://evil.example/\n" * 3
    assert server.asked[1].headers["range"] == f"bytes={have}-"


def test_a_key_is_for_its_own_origin_only(server: FeedServer) -> None:
    server.pages["/here"] = Page(status=302, headers={"location": "/there"})
    server.pages["/there"] = Page(status=302, headers={"location": server.url("/away", host="localhost")})
    server.pages["/away"] = Page(b"ok")
    assert fetch(server.url("/here"), max_bytes=9, secrets={"X-Key": "k"}).data == b"ok"  # type: ignore[union-attr]
    assert [asked.headers.get("x-key") for asked in server.asked] == ["k", "k", None]


def test_a_public_address_does_not_send_us_into_a_private_network(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = iter(["198.51.100.1", "8.8.8.8"])
    monkeypatch.setattr(connecting, "_address", lambda _: ipaddress.ip_address(next(addresses)))
    with socket.create_server(("127.0.0.1", 0)) as private:
        private.setblocking(False)
        away = f"http://localhost:{private.getsockname()[1]}/metadata"
        server.pages["/first"] = Page(status=302, headers={"location": "/list"})
        server.pages["/list"] = Page(status=302, headers={"location": away})
        with pytest.raises(FetchError, match="redirected to an address that is not public"):
            fetch(server.url("/first"), max_bytes=9)
        assert [asked.path for asked in server.asked] == ["/first", "/list"]
        with pytest.raises(BlockingIOError):  # not even called
            private.accept()


@pytest.mark.parametrize("address", ["64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "fec0::1"])
def test_nor_by_an_address_that_carries_a_private_one(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    server.pages["/list"] = Page(status=302, headers={"location": f"http://[{address}]/"})
    monkeypatch.setattr(connecting, "_address", lambda _: ipaddress.ip_address("8.8.8.8"))
    with pytest.raises(FetchError, match="redirected to an address that is not public"):
        fetch(server.url("/list"), max_bytes=9)


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
def test_an_ipv6_address_without_a_port_is_called_at_that_of_its_scheme(
    monkeypatch: pytest.MonkeyPatch, scheme: str, port: int
) -> None:
    called: list[tuple[str, int]] = []

    async def dial(host: str, port: int, **_: object) -> socket.socket:
        called.append((host, port))
        raise ConnectionRefusedError

    monkeypatch.setattr(connecting, "dial", dial)
    for address in ("2001:db8::1", "2001:db8::a"):
        with pytest.raises(FetchError, match="no connection"):
            fetch(f"{scheme}://[{address}]/list", max_bytes=9)
    assert called == [("2001:db8::1", port), ("2001:db8::a", port)]


def test_why_there_is_no_connection_is_said_in_the_systems_words() -> None:
    with pytest.raises(FetchError, match=r"^no connection \(Connection refused\)$"):
        fetch(f"http://127.0.0.1:{free_port()}/list", max_bytes=9)
