"""A service of Google that is asked with a key: one question, one answer."""

from collections.abc import Iterable
from urllib.parse import urlencode

from backstamp.worker.feeds.lists.source import Source
from backstamp.worker.fetching import Fetched, FetchError, fetch


def ask(
    source: Source, method: str, query: Iterable[tuple[str, str]], *, max_bytes: int, seconds: float
) -> bytes:
    """Return the answer to a question. The key goes in a header field: addresses get into logs.

    Args:
        source: where the service is, and our key.
        method: the method's version and name, for example "v1/hashes:search".
        query: the parameters, each as often as it stands there.
        max_bytes: how much of an answer is read.
        seconds: how long it may take.

    Raises:
        FetchError: the server cannot be had, or says that nothing has changed, which nobody asked.
    """
    url = f"{source.address}/{method}?{urlencode([*query])}"
    got = fetch(url, max_bytes=max_bytes, secrets={"X-Goog-Api-Key": source.key}, seconds=seconds)
    if not isinstance(got, Fetched):
        raise FetchError("the server answered 304")
    return got.data
