"""settings: one table, read from backstamp.toml and the environment."""

from backstamp.app.settings.loader import (
    CONFIG_VARIABLE,
    SUNSET_KEYS_VARIABLE,
    Settings,
    SettingsError,
    load,
)
from backstamp.app.settings.table import Setting, table

__all__ = [
    "CONFIG_VARIABLE",
    "SUNSET_KEYS_VARIABLE",
    "Setting",
    "Settings",
    "SettingsError",
    "load",
    "table",
]
