"""What the worker asks of the web, published lists, and what it posts there; bounded in time and size."""

from backstamp.worker.fetching.asking import Validators
from backstamp.worker.fetching.connecting import FetchError
from backstamp.worker.fetching.download import Downloaded, download
from backstamp.worker.fetching.posting import Posted, post
from backstamp.worker.fetching.whole import Fetched, Unchanged, fetch

__all__ = [
    "Downloaded",
    "FetchError",
    "Fetched",
    "Posted",
    "Unchanged",
    "Validators",
    "download",
    "fetch",
    "post",
]
