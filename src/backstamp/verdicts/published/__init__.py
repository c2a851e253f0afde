"""Lists of networks that their owners publish: their forms, what is believed of them, and what they replace.

Pure: bytes come in, tables go out. `worker.signatures` fetches, `shared_files.SignatureFile` keeps.
"""

from backstamp.verdicts.published.catalogue import LISTS, PublishedList, list_named
from backstamp.verdicts.published.formats import PublishedListError, read_prefixes
from backstamp.verdicts.published.updates import (
    STALE_DAYS,
    Freshness,
    ListCopy,
    Updates,
    accept,
    decode_updates,
    encode_updates,
    freshness,
    table_of,
)

__all__ = [
    "LISTS",
    "STALE_DAYS",
    "Freshness",
    "ListCopy",
    "PublishedList",
    "PublishedListError",
    "Updates",
    "accept",
    "decode_updates",
    "encode_updates",
    "freshness",
    "list_named",
    "read_prefixes",
    "table_of",
]
