"""Files that are written while they are read, as one gets them."""

import csv
import io
import warnings
from typing import Any


def octets(answer: Any) -> bytes:
    assert answer.streaming
    with warnings.catch_warnings():
        # The console is served asynchronously; the test client is not.
        warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume asynchronous iterators")
        return b"".join(answer)


def streamed(answer: Any) -> str:
    return octets(answer).decode("utf-8-sig")


def rows_of(answer: Any) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(streamed(answer))))
