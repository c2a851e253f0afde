"""The data directory: made on the first start, for its owner alone."""

from backstamp.app import keyfile
from backstamp.app.settings import Settings, SettingsError
from backstamp.app.settings.table import DATA_DIR


def prepare_data_dir(settings: Settings) -> None:
    """Make data directory and key file where they are missing. Raises `SettingsError`, `KeyFileError`."""
    directory = settings[DATA_DIR]
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(
            f"data_dir: {directory} cannot be made ({error.strerror}); choose another, or make it yourself"
        ) from None
    keyfile.ensure(settings.in_data_dir("keys.json"))
