"""The data directory: made on the first start, for its owner alone."""

import contextlib
import logging

from backstamp.app import keyfile
from backstamp.app.settings import Settings, SettingsError
from backstamp.app.settings.data_dir import DataFile, DataFolder
from backstamp.app.settings.table import DATA_DIR
from backstamp.journal.files import Files

_log = logging.getLogger("backstamp.app")


def make_data_dir(settings: Settings) -> None:
    """Make the data directory where it is missing, and no keys. Raises `SettingsError`."""
    directory = settings[DATA_DIR]
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(
            f"data_dir: {directory} cannot be made ({error.strerror}); choose another, or make it yourself"
        ) from None


def prepare_data_dir(settings: Settings) -> None:
    """Make data directory and key file where they are missing. Raises `SettingsError`, `KeyFileError`."""
    make_data_dir(settings)
    keys = settings.in_data_dir(DataFile.KEYS)
    lost = not keys.exists() and settings.in_data_dir(DataFile.SNAPSHOT).exists()
    keyfile.ensure(keys)
    # Whoever backs up before the first mail finds it, too. Where nothing can be written, its writers say so.
    with contextlib.suppress(OSError):
        Files().make_directory(settings.in_data_dir(DataFolder.JOURNAL))
    if lost:
        _log.critical(
            "%s was missing and is made anew: all links in mail that is out already are dead until the old "
            "file is restored from your backup",
            keys,
        )


def require_keys(settings: Settings) -> None:
    """See that there is an installation. Raises `KeyFileError`.

    A command may have been typed in the wrong folder, or while the key file is gone: with a new one in its
    place, all links in delivered mail would die at the next start.
    """
    keys = settings.in_data_dir(DataFile.KEYS)
    if keys.exists():
        return
    where = "" if settings.config_file else "; no settings file was found: name it by --config"
    raise keyfile.KeyFileError(f"{keyfile.missing(keys)}{where}")
