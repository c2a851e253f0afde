"""What lies in the data directory, by the name that it has there."""

from enum import StrEnum


class DataFolder(StrEnum):
    """Folders of ours."""

    CAPTURE = "capture"
    EDGE_COUNTERS = "metrics"
    FEEDS = "feeds"
    JOURNAL = "journal"
    LOOKING_BACK = "looking-back"
    SOURCE_KEYS = "source-keys"


class DataFile(StrEnum):
    """Files of ours; beside the snapshot lie its other parts (`shared_files.snapshot_file`)."""

    CLOCK = "clock"
    DATABASE = "backstamp.db"
    KEYS = "keys.json"
    KNOWN_SITES = "sites.known"
    OUTCOMES = "outcomes.db"
    SIGNATURES = "signatures.json"
    SIMULATION_REPORT = "simulation.json"
    SIMULATION_TRUTH = "simulation.jsonl"
    SNAPSHOT = "snapshot"
    THREAT_ANSWERS = "threats.answers"
    THREAT_LISTS = "threats.lists"
    WORKER_LOCK = "worker.lock"
