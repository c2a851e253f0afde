"""The part of Granian's RSGI protocol that sends an answer."""

from collections.abc import AsyncIterator
from typing import Protocol

Header = tuple[str, str]


class ReplyProtocol(Protocol):
    """The part of Granian's RSGI protocol that answers a request."""

    def response_bytes(self, status: int, headers: list[Header], body: bytes) -> None:
        """Answer with a body."""

    def response_empty(self, status: int, headers: list[Header]) -> None:
        """Answer without a body."""


class BodyProtocol(ReplyProtocol, Protocol):
    """The same, and the part that gives a request's body."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the body, piece by piece as it comes."""


class HeadProtocol:
    """Answers HEAD: what GET would be told, and no body (RFC 9110 §9.3.2).

    Over HTTP/1 Granian leaves out a body itself; over HTTP/2 it sends it, and clients take that for an error.
    """

    def __init__(self, proto: ReplyProtocol) -> None:
        self._proto = proto

    def response_bytes(self, status: int, headers: list[Header], body: bytes) -> None:
        """Answer with the length of a body."""
        self._proto.response_empty(status, [*headers, ("content-length", str(len(body)))])

    def response_empty(self, status: int, headers: list[Header]) -> None:
        """Answer as GET is answered."""
        self._proto.response_empty(status, headers)
