"""What is read of a request."""

from typing import Protocol

from backstamp.edge.unopened import Headers


class Scope(Protocol):
    """The part of Granian's RSGI scope that is read. `path` is percent-decoded, without the query."""

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
