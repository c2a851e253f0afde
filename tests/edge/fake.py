"""RSGI as the edge sees it, without a server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from backstamp.edge.replies.protocol import Header


class FakeHeaders:
    def __init__(self, items: list[Header]) -> None:
        self._items = items

    def items(self) -> list[Header]:
        return list(self._items)

    def get_all(self, key: str) -> list[str]:
        return [value for name, value in self._items if name == key]

    def get(self, key: str, default: str | None = None) -> str | None:
        return next((value for name, value in self._items if name == key), default)


@dataclass
class FakeScope:
    path: str
    method: str = "GET"
    client: str = "192.0.2.1:4711"
    fields: list[Header] = field(default_factory=list)
    query_string: str = ""
    authority: str | None = None

    @property
    def headers(self) -> FakeHeaders:
        return FakeHeaders(self.fields)


@dataclass
class FakeProtocol:
    """Keeps the one answer; a second one fails, as it does in Granian."""

    status: int = 0
    headers: list[Header] = field(default_factory=list)
    body: bytes = b""
    pieces: list[bytes] = field(default_factory=list)
    never_ends: bool = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece
        if self.never_ends:
            await asyncio.Event().wait()

    def response_bytes(self, status: int, headers: list[Header], body: bytes) -> None:
        assert self.status == 0, "answered twice"
        self.status, self.headers, self.body = status, headers, body

    def response_empty(self, status: int, headers: list[Header]) -> None:
        self.response_bytes(status, headers, b"")

    def field(self, name: str) -> str | None:
        return dict(self.headers).get(name)
