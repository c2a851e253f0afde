"""A connection to a server on the web, on which everything is over in time; and why there is none."""

import asyncio
import contextlib
import ipaddress
import os
import socket
import ssl
import threading
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Final, NamedTuple
from urllib.parse import SplitResult

from backstamp.dialling import UnsuitableError, dial
from backstamp.urls.public_addresses import is_public

SILENT_SECONDS: Final = 15.0
USER_AGENT: Final = "backstamp"


class FetchError(Exception):
    """A server does not give, or take, what it should; the message says why, without what the server said.

    `retry_after` is for how many seconds the server wants to be left alone, or 0. `status` is what it
    answered, or 0.
    """

    def __init__(self, why: str, retry_after: float = 0.0, status: int = 0) -> None:
        super().__init__(why)
        self.retry_after = retry_after
        self.status = status


class Deadline(NamedTuple):
    """When an exchange must be over (`time.monotonic`), and how long it may last in all."""

    ends_at: float
    seconds: float

    def left(self) -> float:
        """Return for how many seconds it may go on; not above 0 when it is over."""
        return self.ends_at - time.monotonic()


class _FinalResponse(HTTPResponse):
    """An answer; what a server says before it (1xx: RFC 9110, section 15.2) is passed over.

    `http.client` passes over 100 alone, and takes 103 for an answer: what was taken would be posted again.
    """

    def begin(self) -> None:
        super().begin()
        while HTTPStatus.SWITCHING_PROTOCOLS < self.status < HTTPStatus.OK:
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()


def target_of(parts: SplitResult) -> str:
    """Return what a request asks for."""
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def connected(
    stack: contextlib.ExitStack, parts: SplitResult, deadline: Deadline, *, in_public: bool = False
) -> tuple[HTTPConnection, bool]:
    """Connect, and see that whatever happens on the connection is over in time.

    `in_public`: to a public address or to none; others are not even called. Returns the connection, and
    whether it leads to a public address. Raises FetchError, OSError.
    """
    host = parts.hostname
    left = deadline.left()
    if parts.scheme not in ("http", "https") or not host:
        raise FetchError("its address is no http or https URL")
    if left <= 0:
        raise TimeoutError
    limit = min(SILENT_SECONDS, left)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    # Without a port it would look for one behind the last colon of an IPv6 address.
    connection = kind(host, parts.port or kind.default_port)
    connection.response_class = _FinalResponse
    stack.callback(connection.close)
    connection.sock = _dialled(host, connection.port, limit, in_public=in_public)
    if parts.scheme == "https":
        connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
    watch = threading.Timer(deadline.left(), _cut, (connection.sock,))
    watch.daemon = True
    watch.start()
    stack.callback(watch.cancel)
    return connection, is_public(_address(connection.sock))


def described(error: Exception, deadline: Deadline) -> FetchError:
    """Return what to say of an exchange that failed."""
    if deadline.left() <= 0:
        return FetchError(f"it was not there within {deadline.seconds:.3g} s")
    if isinstance(error, TimeoutError):
        return FetchError(f"the server said nothing for {SILENT_SECONDS:.0f} s")
    if isinstance(error, ssl.SSLError):
        return FetchError(f"TLS failed ({error.reason or 'no reason given'})")
    if isinstance(error, socket.gaierror):
        return FetchError("its host has no address here")
    if isinstance(error, OSError):
        # asyncio puts its own text in the place of the system's: the call, with the address as Python has it.
        what = os.strerror(error.errno) if error.errno else error.strerror or type(error).__name__
        return FetchError(f"no connection ({what})")
    return FetchError(f"the answer is no HTTP ({type(error).__name__})")


def _dialled(host: str, port: int, seconds: float, *, in_public: bool) -> socket.socket:
    """Return a connection on which each step may last so long. Raises FetchError, OSError."""
    try:
        dialled = asyncio.run(
            asyncio.wait_for(dial(host, port, suits=_is_public if in_public else None), seconds)
        )
    except UnsuitableError:
        raise FetchError("it was redirected to an address that is not public") from None
    dialled.settimeout(seconds)
    dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return dialled


def _address(connected: socket.socket) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return _read(str(connected.getpeername()[0]))


def _is_public(address: str) -> bool:
    return is_public(_read(address))


def _read(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(address.partition("%")[0])


def _cut(connected: socket.socket) -> None:
    """End a connection under whoever reads from it: a byte now and then would keep any timeout away."""
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
