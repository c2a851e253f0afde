"""What `backstamp bench edge` measures: our edge in a directory of its own, and an empty application.

    python -m backstamp.app.bench.servers.edge_target PORT edge|empty WORKERS

The directory comes by the environment, for each Granian worker imports its target anew.
"""

import os
import sys
from pathlib import Path
from typing import Final

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from backstamp.edge import Edge, EdgeConfig, FloodLimits, serve
from backstamp.edge.replies.prepared import GIF
from backstamp.edge.replies.protocol import Header, ReplyProtocol
from backstamp.journal import DEFAULT_SYNC, JournalWriter
from backstamp.shared_files import EdgeCounters, SignatureFile, SnapshotFile, SourceKeys, ThreatFile
from backstamp.shared_files.answers_file import AnswersFile
from backstamp.tokens import Keyring

DIRECTORY_VARIABLE: Final = "BACKSTAMP_BENCH_DIRECTORY"

_NO_LIMITS: Final = FloodLimits(named=sys.maxsize, anybody=sys.maxsize, written=sys.maxsize)
_EMPTY_HEADERS: Final[list[Header]] = [("content-type", "image/gif")]


async def empty(_scope: object, proto: ReplyProtocol) -> None:
    """Answer with the dot and nothing else: the most that Granian can do here."""
    proto.response_bytes(200, _EMPTY_HEADERS, GIF)


def _edge(directory: Path) -> Edge:
    ring = Keyring.from_json((directory / "keys.json").read_bytes())
    journal = JournalWriter(directory / "journal", role="edge", sync=DEFAULT_SYNC)
    return Edge(
        EdgeConfig(host="127.0.0.1", port=0, flood_limits=_NO_LIMITS),
        keyring=lambda: ring,
        snapshot=SnapshotFile(directory / "snapshot"),
        journal=journal,
        wishes=JournalWriter(directory / "journal", role="edge", ahead=True),
        source_keys=SourceKeys(directory / "source-keys"),
        signatures=SignatureFile(directory / "signatures.json"),
        counters=EdgeCounters(directory / "metrics", journal.sync_times),
        threats=ThreatFile(directory / "threats.lists"),
        answers=AnswersFile(directory / "threats.answers"),
    )


def __getattr__(name: str) -> Edge:
    if name == "edge":
        return _edge(Path(os.environ[DIRECTORY_VARIABLE]))
    raise AttributeError(name)


def _serve_empty(port: int, workers: int) -> None:
    """Serve the empty application as anybody would, without what our edge does to be quick."""
    Granian(
        "backstamp.app.bench.servers.edge_target:empty",
        port=port,
        workers=workers,
        interface=Interfaces.RSGI,
        loop=Loops.uvloop,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    _port, _workers = int(sys.argv[1]), int(sys.argv[3])
    if sys.argv[2] == "empty":
        _serve_empty(_port, _workers)
    else:
        serve(
            EdgeConfig(host="127.0.0.1", port=_port, workers=_workers),
            "backstamp.app.bench.servers.edge_target:edge",
        )
