"""From settings to the console's configuration."""

from functools import cache

from backstamp.app.keyfile import KeyFile
from backstamp.app.settings import Settings
from backstamp.app.settings.kinds import split_host_port
from backstamp.app.settings.table import GATEWAY_LISTEN, GATEWAY_NEXT_HOP
from backstamp.app.simulator.runs import SimulationRuns
from backstamp.app.wiring.journal import open_journal
from backstamp.console.config import ConsoleConfig
from backstamp.journal import JournalWriter, SignatureFile, SnapshotFile
from backstamp.journal.signature_file import FILE_NAME as SIGNATURES


def console_config(settings: Settings) -> ConsoleConfig:
    """Return what the console must be told. The key file must exist."""
    host, port = split_host_port(settings[GATEWAY_LISTEN])

    @cache
    def journal() -> JournalWriter:
        return open_journal(settings, "console")

    return ConsoleConfig(
        gateway_host=host,
        gateway_port=port,
        capturing=not settings[GATEWAY_NEXT_HOP],
        capture_dir=settings.in_data_dir("capture"),
        keyring=KeyFile(settings.in_data_dir("keys.json")),
        snapshot=SnapshotFile(settings.in_data_dir("snapshot")).current,
        signatures=SignatureFile(settings.in_data_dir(SIGNATURES)).updates,
        journal=journal,
        simulations=SimulationRuns(settings),
    )
