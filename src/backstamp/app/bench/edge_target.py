"""The edge that `backstamp bench edge` measures, in a data directory of its own; and an empty application.

The directory comes by the environment, for each Granian worker imports its target anew.
"""

import os
from pathlib import Path

from backstamp.edge import Edge, EdgeConfig
from backstamp.edge.replies import GIF, Header, ReplyProtocol
from backstamp.journal import JournalWriter, SnapshotFile, SourceKeys
from backstamp.tokens import Keyring

DIRECTORY_VARIABLE = "BACKSTAMP_BENCH_DIRECTORY"

_EMPTY_HEADERS: list[Header] = [("content-type", "image/gif")]


def _edge(directory: Path) -> Edge:
    ring = Keyring.from_json((directory / "keys.json").read_bytes())
    return Edge(
        EdgeConfig(host="127.0.0.1", port=0),
        keyring=lambda: ring,
        snapshot=SnapshotFile(directory / "snapshot"),
        journal=JournalWriter(directory / "journal", role="edge", sync=20),
        source_keys=SourceKeys(directory / "source-keys"),
    )


async def empty(_scope: object, proto: ReplyProtocol) -> None:
    """Answer with the dot and nothing else: the most that Granian can do here."""
    proto.response_bytes(200, _EMPTY_HEADERS, GIF)


def __getattr__(name: str) -> Edge:
    if name == "edge":
        return _edge(Path(os.environ[DIRECTORY_VARIABLE]))
    raise AttributeError(name)
