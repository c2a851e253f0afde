"""One POST, answered in time; a redirection is an answer like any other, and is not followed."""

import contextlib
import time
from collections.abc import Mapping
from http.client import HTTPException
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from backstamp.worker.fetching.asking import retry_after
from backstamp.worker.fetching.connecting import USER_AGENT, Deadline, connected, described, target_of

WHOLE_SECONDS: Final = 10.0
"""For the connection, the request and the head of the answer. Receivers are asked to answer at once."""


class Posted(NamedTuple):
    """The answer's status, and for how many seconds the server wants to be left alone, or 0."""

    status: int
    retry_after: float


def post(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = WHOLE_SECONDS) -> Posted:
    """Send a body to a URL; what the answer says beside its status is not read. Blocks.

    Args:
        url: http or https.
        body: what is sent.
        headers: its fields, Content-Type among them.
        seconds: for all of it.

    Raises:
        FetchError: there is no answer, or not in time.
    """
    deadline = Deadline(time.monotonic() + seconds, seconds)
    with contextlib.ExitStack() as stack:
        try:
            connection, _ = connected(stack, urlsplit(url), deadline)
            connection.request("POST", target_of(urlsplit(url)), body, {"User-Agent": USER_AGENT, **headers})
            response = connection.getresponse()
            stack.callback(response.close)
        except (OSError, HTTPException, ValueError) as error:
            raise described(error, deadline) from None
        return Posted(response.status, retry_after(response.getheader("retry-after") or ""))
