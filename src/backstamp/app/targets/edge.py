"""The edge's application, made in each of its workers."""

from backstamp.app.keyfile import KeyFile
from backstamp.app.logs import configure_logging
from backstamp.app.settings import load
from backstamp.app.wiring.edge import edge_config
from backstamp.app.wiring.journal import open_journal
from backstamp.edge import Edge
from backstamp.journal import SnapshotFile, SourceKeys


def _edge() -> Edge:
    settings = load()
    configure_logging(settings, "edge")
    return Edge(
        edge_config(settings),
        keyring=KeyFile(settings.in_data_dir("keys.json")),
        snapshot=SnapshotFile(settings.in_data_dir("snapshot")),
        journal=open_journal(settings, "edge"),
        source_keys=SourceKeys(settings.in_data_dir("source-keys")),
    )


target = _edge()
