"""The edge's application, made in each of its workers."""

from backstamp.app.keyfile import KeyFile
from backstamp.app.logs import configure_logging
from backstamp.app.settings import load
from backstamp.app.wiring.edge import edge_config
from backstamp.app.wiring.journal import open_journal
from backstamp.edge import Edge
from backstamp.shared_files import EdgeCounters, SignatureFile, SnapshotFile, SourceKeys, ThreatFile
from backstamp.shared_files.answers_file import FILE_NAME as ANSWERS
from backstamp.shared_files.answers_file import AnswersFile
from backstamp.shared_files.signature_file import FILE_NAME as SIGNATURES
from backstamp.shared_files.threat_file import FILE_NAME as THREATS


def _edge() -> Edge:
    settings = load()
    configure_logging(settings, "edge")
    journal = open_journal(settings, "edge")
    return Edge(
        edge_config(settings),
        keyring=KeyFile(settings.in_data_dir("keys.json")),
        snapshot=SnapshotFile(settings.in_data_dir("snapshot")),
        journal=journal,
        wishes=open_journal(settings, "edge", ahead=True),
        source_keys=SourceKeys(settings.in_data_dir("source-keys")),
        signatures=SignatureFile(settings.in_data_dir(SIGNATURES)),
        counters=EdgeCounters(settings.in_data_dir("metrics"), journal.sync_times),
        threats=ThreatFile(settings.in_data_dir(THREATS)),
        answers=AnswersFile(settings.in_data_dir(ANSWERS)),
    )


target = _edge()
