"""The parts of Granian's RSGI scope that are read."""

from typing import Any, Protocol


class Headers(Protocol):
    """The header section of a request. Names are in lower case."""

    def items(self) -> list[tuple[str, str]]:
        """Return names and values, in the order of the request."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the first value of a field."""

    def get_all(self, key: str) -> list[str]:
        """Return all values of a field."""


class Scope(Protocol):
    """A request without its body. `path` is percent-decoded, without the query."""

    @property
    def method(self) -> str:
        """The request's method, as it came."""

    @property
    def path(self) -> str:
        """The path of the request's target."""

    @property
    def query_string(self) -> str:
        """What follows the question mark, as it came."""

    @property
    def client(self) -> str:
        """Address and port of the peer."""

    @property
    def authority(self) -> str | None:
        """The host that an HTTP/2 request is for (`:authority`)."""

    @property
    def headers(self) -> Headers:
        """The header section; each look at it copies it."""
