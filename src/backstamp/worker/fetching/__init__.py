"""What the worker asks of the web: published lists, bounded in time and size."""

from backstamp.worker.fetching.asking import FetchError, Validators
from backstamp.worker.fetching.download import Downloaded, download
from backstamp.worker.fetching.whole import Fetched, Unchanged, fetch

__all__ = ["Downloaded", "FetchError", "Fetched", "Unchanged", "Validators", "download", "fetch"]
