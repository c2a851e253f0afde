"""One GET, followed through its redirections: bounded in time and size, and never half an answer.

`http.client` and not a comfortable client: published lists are the only thing we ask of the web, and a time
limit over the whole exchange, header section included, has to be ours anyway.
"""

import contextlib
import re
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from typing import Final, NamedTuple
from urllib.parse import urljoin, urlsplit

from backstamp.worker.fetching.connecting import (
    USER_AGENT,
    Deadline,
    FetchError,
    connected,
    described,
    target_of,
)

WHOLE_SECONDS: Final = 60.0
"""Longest time for a list with all its redirections; Apple's list of networks has 0.6 MB."""
MOST_REDIRECTIONS: Final = 4
_CHUNK: Final = 65_536
_ASKED_FOR: Final = re.compile(r"[!-~]+")
"""What may stand in a request: no blanks, no controls, nothing beyond ASCII (RFC 3986, section 2)."""
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_LONGEST_RETRY_AFTER: Final = 7 * 86_400.0


class Validators(NamedTuple):
    """What tells a publisher which version of a list we have; both may be empty (RFC 9110, section 8.8)."""

    etag: str = ""
    last_modified: str = ""


class Answer:
    """The final answer to a GET; its body is read once."""

    def __init__(self, response: HTTPResponse, deadline: Deadline) -> None:
        self._response = response
        self._deadline = deadline
        self.status = response.status

    @property
    def validators(self) -> Validators:
        """The version that this is. A value too long to be kept is as good as none."""
        etag, last_modified = self.header("etag"), self.header("last-modified")
        return Validators(etag if len(etag) <= 256 else "", last_modified if len(last_modified) <= 64 else "")

    @property
    def tells_its_end(self) -> bool:
        """Whether it can be told from one that was cut short: else it ends with its connection."""
        return self._response.length is not None or bool(self._response.chunked)

    def header(self, name: str) -> str:
        """Return a field's body, or ""."""
        return self._response.getheader(name) or ""

    def chunks(self, max_bytes: int) -> Iterator[bytes]:
        """Yield the body, and see that it is whole: `http.client` does not tell when it ends too early.

        Raises:
            FetchError: it is longer than `max_bytes`, whatever it says of its length; or it is not there in
                time, or not whole.
        """
        promised = self._response.length
        if promised is not None and promised > max_bytes:
            raise FetchError(f"it has {promised} bytes, more than {max_bytes}")
        found = 0
        while True:
            try:
                chunk = self._response.read1(_CHUNK)
            except (OSError, HTTPException, ValueError) as error:
                raise described(error, self._deadline) from None
            if not chunk:
                break
            found += len(chunk)
            if found > max_bytes:
                raise FetchError(f"it has more than {max_bytes} bytes")
            yield chunk
        if self._deadline.left() <= 0:
            raise described(TimeoutError(), self._deadline)
        if promised is not None and found < promised:
            raise FetchError(f"it ended after {found} of {promised} bytes")


@contextlib.contextmanager
def asked(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    seconds: float = WHOLE_SECONDS,
) -> Iterator[Answer]:
    """Ask for a URL; give the answer, which may have any status but a redirection's.

    Args:
        url: http or https.
        headers: sent to wherever a redirection leads.
        secrets: header fields that only the URL's own origin gets.
        seconds: for all of it, the reading of the body included.

    Raises:
        FetchError: there is no answer, or not in time; or a redirection leads where it must not: away from
            TLS, to another scheme, or from a public address to one that is not.
    """
    deadline = Deadline(time.monotonic() + seconds, seconds)
    first = url
    public = False
    with contextlib.ExitStack() as stack:
        for _ in range(MOST_REDIRECTIONS + 1):
            fields = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
            fields |= headers or {}
            try:
                if _origin(url) == _origin(first):
                    fields |= secrets or {}
                connection, public = connected(stack, urlsplit(url), deadline, in_public=public)
                connection.request("GET", target_of(urlsplit(url)), headers=fields)
                response = connection.getresponse()
                stack.callback(response.close)
            except (OSError, HTTPException, ValueError) as error:
                raise described(error, deadline) from None
            if response.status not in _MOVED:
                yield Answer(response, deadline)
                return
            url = _onward(url, response.getheader("location") or "")
            stack.close()
    raise FetchError(f"it was redirected more than {MOST_REDIRECTIONS} times")


def refused(answer: Answer) -> FetchError:
    """Return what to say of an answer that is not what was asked for, with its Retry-After."""
    after = retry_after(answer.header("retry-after"))
    return FetchError(f"the server answered {answer.status}", after, answer.status)


def retry_after(text: str) -> float:
    """Return the seconds of a Retry-After (RFC 9110, section 10.2.3: a number, or a date), else 0."""
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _LONGEST_RETRY_AFTER)
    try:
        left = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(left, 0.0), _LONGEST_RETRY_AFTER)


def _onward(url: str, location: str) -> str:
    if not location:
        raise FetchError("it was redirected, and the server does not say where to")
    try:
        onward = urljoin(url, location)
        parts = urlsplit(onward)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        onward, is_web = "", False
    if not is_web or not _ASKED_FOR.fullmatch(onward):
        raise FetchError("it was redirected to what is no http or https URL")
    if url.startswith("https:") and not onward.startswith("https:"):
        raise FetchError("it was redirected away from TLS")
    return onward


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
