"""One conditional GET of a published list: bounded in time and size, and never half an answer.

`http.client` and not a comfortable client: it is the only thing we ask of the web, and a time limit over
the whole exchange, header section included, has to be ours anyway.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

WHOLE_SECONDS: Final = 60.0
"""Longest time for a list with all its redirections; Apple's, the longest, has 0.6 MB."""
SILENT_SECONDS: Final = 15.0
MOST_REDIRECTIONS: Final = 4
_CHUNK: Final = 65_536
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_NOT_MODIFIED: Final = 304
_USER_AGENT: Final = "backstamp-signatures"


class FetchError(Exception):
    """A list cannot be had; the message says in half a line why, without what the server said."""


class Fetched(NamedTuple):
    """A list, and what tells its publisher which version of it we have."""

    data: bytes
    etag: str
    last_modified: str


class Unchanged(NamedTuple):
    """The publisher says that our version is the newest."""


def fetch(
    url: str,
    *,
    max_bytes: int,
    etag: str = "",
    last_modified: str = "",
    seconds: float = WHOLE_SECONDS,
) -> Fetched | Unchanged:
    """Get a list unless it is the version that we have.

    Args:
        url: http or https.
        max_bytes: a longer answer is refused, whatever it says of its length.
        etag: of the version that we have, or "".
        last_modified: the same.
        seconds: for all of it.

    Raises:
        FetchError: it cannot be had, or not in time, or not whole.
    """
    ends_at = time.monotonic() + seconds
    headers = {"User-Agent": _USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    try:
        for _ in range(MOST_REDIRECTIONS + 1):
            answer = _ask(url, headers, max_bytes, ends_at)
            if not isinstance(answer, str):
                return answer
            url = _onward(url, answer)
    except (OSError, HTTPException, ValueError) as error:
        if time.monotonic() >= ends_at:
            raise FetchError(f"it was not there within {seconds:.0f} s") from None
        raise FetchError(_words(error)) from None
    raise FetchError(f"it was redirected more than {MOST_REDIRECTIONS} times")


def _onward(url: str, location: str) -> str:
    onward = urljoin(url, location)
    if url.startswith("https:") and not onward.startswith("https:"):
        raise FetchError("it was redirected away from TLS")
    return onward


def _ask(url: str, headers: dict[str, str], max_bytes: int, ends_at: float) -> Fetched | Unchanged | str:
    """Return the answer, or where it sends us."""
    with _connection(urlsplit(url), ends_at) as (connection, target):
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        if response.status == _NOT_MODIFIED:
            return Unchanged()
        if response.status in _MOVED:
            return response.getheader("location") or ""
        if response.status != 200:
            raise FetchError(f"the server answered {response.status}")
        data = _body(response, max_bytes, ends_at)
        return Fetched(data, response.getheader("etag") or "", response.getheader("last-modified") or "")


@contextmanager
def _connection(parts: SplitResult, ends_at: float) -> Iterator[tuple[HTTPConnection, str]]:
    """Connect, and see that whatever happens on the connection is over in time."""
    host = parts.hostname
    left = ends_at - time.monotonic()
    if parts.scheme not in ("http", "https") or not host:
        raise FetchError("its address is no http or https URL")
    if left <= 0:
        raise TimeoutError
    limit = min(SILENT_SECONDS, left)
    connection = (
        HTTPSConnection(host, parts.port, timeout=limit, context=ssl.create_default_context())
        if parts.scheme == "https"
        else HTTPConnection(host, parts.port, timeout=limit)
    )
    try:
        connection.connect()
        watch = threading.Timer(ends_at - time.monotonic(), _cut, (connection.sock,))
        watch.daemon = True
        watch.start()
        try:
            yield connection, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        finally:
            watch.cancel()
    finally:
        connection.close()


def _cut(connected: socket.socket) -> None:
    """End a connection under whoever reads from it: a byte now and then would keep any timeout away."""
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _body(response: HTTPResponse, max_bytes: int, ends_at: float) -> bytes:
    """Read all of it. `http.client` does not tell when the connection ends before the promised length."""
    promised = response.length
    if promised is not None and promised > max_bytes:
        raise FetchError(f"it has {promised} bytes, more than {max_bytes}")
    found = bytearray()
    while chunk := response.read1(_CHUNK):
        found += chunk
        if len(found) > max_bytes:
            raise FetchError(f"it has more than {max_bytes} bytes")
    if time.monotonic() >= ends_at:
        raise TimeoutError
    if promised is not None and len(found) < promised:
        raise FetchError(f"it ended after {len(found)} of {promised} bytes")
    return bytes(found)


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"the server said nothing for {SILENT_SECONDS:.0f} s"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or 'no reason given'})"
    if isinstance(error, socket.gaierror):
        return "its host has no address here"
    if isinstance(error, OSError):
        return f"no connection ({error.strerror or type(error).__name__})"
    return f"the answer is no HTTP ({type(error).__name__})"
