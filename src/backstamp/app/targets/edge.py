"""The edge's application, made in each of its workers."""

from backstamp.app.keyfile import KeyFile
from backstamp.app.logs import configure_logging
from backstamp.app.settings import load
from backstamp.app.settings.data_dir import DataFile, DataFolder
from backstamp.app.wiring.edge import edge_config
from backstamp.app.wiring.journal import open_journal
from backstamp.edge import Edge
from backstamp.shared_files import EdgeCounters, SignatureFile, SnapshotFile, SourceKeys, ThreatFile
from backstamp.shared_files.answers_file import AnswersFile


def _edge() -> Edge:
    settings = load()
    configure_logging(settings, "edge")
    journal = open_journal(settings, "edge")
    return Edge(
        edge_config(settings),
        keyring=KeyFile(settings.in_data_dir(DataFile.KEYS)),
        snapshot=SnapshotFile(settings.in_data_dir(DataFile.SNAPSHOT)),
        journal=journal,
        wishes=open_journal(settings, "edge", ahead=True),
        source_keys=SourceKeys(settings.in_data_dir(DataFolder.SOURCE_KEYS)),
        signatures=SignatureFile(settings.in_data_dir(DataFile.SIGNATURES)),
        counters=EdgeCounters(settings.in_data_dir(DataFolder.EDGE_COUNTERS), journal.sync_times),
        threats=ThreatFile(settings.in_data_dir(DataFile.THREAT_LISTS)),
        answers=AnswersFile(settings.in_data_dir(DataFile.THREAT_ANSWERS)),
    )


target = _edge()
