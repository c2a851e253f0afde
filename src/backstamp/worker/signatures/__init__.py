"""Newer copies of the published lists of networks: fetched, or taken from files."""

from backstamp.worker.fetching import Fetched, FetchError, Unchanged, fetch
from backstamp.worker.signatures.refreshing import Outcome, refresh, take

__all__ = ["FetchError", "Fetched", "Outcome", "Unchanged", "fetch", "refresh", "take"]
