"""What every command has at hand: the settings, and what is opened only when it is asked for.

The rooms behind it are imported then, too: with them every command, `--help` as well, took twice as long.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from backstamp.app import keyfile
from backstamp.app.owner import become_owner
from backstamp.app.settings import Settings, load
from backstamp.app.settings.data_dir import DataFile, DataFolder
from backstamp.app.settings.table import DATA_DIR, TRACKING_URL
from backstamp.tokens import Keyring

if TYPE_CHECKING:
    from backstamp.shared_files import SnapshotFile


class AppContext:
    """Handed to commands as click's context object; reads settings on first use."""

    def __init__(self, config_file: Path | None) -> None:
        self.named_config = config_file
        self._named_keys: Path | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings. At first use root goes on as the data directory's owner. Raises `SettingsError`."""
        settings = load(self.named_config)
        become_owner(settings[DATA_DIR], self._named_keys or settings.in_data_dir(DataFile.KEYS))
        return settings

    def use_keys(self, path: Path) -> None:
        """Name another key file before the first use of the settings: root goes on as its owner."""
        self._named_keys = path

    @property
    def key_path(self) -> Path:
        """Where the key ring lies."""
        return self.settings.in_data_dir(DataFile.KEYS)

    def keyring(self) -> Keyring:
        """Return the key ring. Raises `KeyFileError` where there is none."""
        return keyfile.read(self.key_path)

    @property
    def tracking_url(self) -> str:
        """The base of pixels and links, without a slash at its end."""
        return self.settings[TRACKING_URL]

    @property
    def journal_dir(self) -> Path:
        """Where the journal lies."""
        return self.settings.in_data_dir(DataFolder.JOURNAL)

    def snapshot(self) -> "SnapshotFile":
        """Return the reader of the policy snapshot."""
        from backstamp.shared_files import SnapshotFile

        return SnapshotFile(self.settings.in_data_dir(DataFile.SNAPSHOT))
