"""A list that is small enough for memory: there as a whole, or unchanged."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from backstamp.worker.fetching.asking import WHOLE_SECONDS, Validators, asked, refused


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
    secrets: Mapping[str, str] | None = None,
    seconds: float = WHOLE_SECONDS,
) -> Fetched | Unchanged:
    """Get a list unless it is the version that we have.

    Args:
        url: http or https.
        max_bytes: a longer answer is refused, whatever it says of its length.
        etag: of the version that we have, or "".
        last_modified: the same.
        secrets: header fields for the URL's own origin, not for where a redirection leads.
        seconds: for all of it.

    Raises:
        FetchError: it cannot be had, or not in time, or not whole.
    """
    headers = conditions(Validators(etag, last_modified))
    with asked(url, headers=headers, secrets=secrets, seconds=seconds) as answer:
        if headers and answer.status == HTTPStatus.NOT_MODIFIED:
            return Unchanged()
        if answer.status != HTTPStatus.OK:
            raise refused(answer)
        return Fetched(b"".join(answer.chunks(max_bytes)), *answer.validators)


def conditions(known: Validators) -> dict[str, str]:
    """Return what asks for a list only where it is another version (RFC 9110, section 13.1)."""
    headers = {}
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers
