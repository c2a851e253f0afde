"""Read the settings: the table's defaults, then backstamp.toml, then environment variables."""

import difflib
import os
import pwd
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from backstamp.app.settings.addresses import split_host_port
from backstamp.app.settings.lines import line_of
from backstamp.app.settings.table import (
    CONSOLE_LISTEN,
    CONSOLE_URL,
    DATA_DIR,
    EDGE_LISTEN,
    TRACKING_URL,
    Setting,
    table,
)

T = TypeVar("T")

CONFIG_VARIABLE: Final = "BACKSTAMP_CONFIG"
PLACES: Final = (Path("backstamp.toml"), Path("/etc/backstamp/backstamp.toml"))
SUNSET_KEYS_VARIABLE: Final = "BACKSTAMP_SUNSET_KEYS"
"""Tells the processes of `backstamp edge --sunset` where the key file is."""
OTHER_VARIABLES: Final = frozenset(
    {CONFIG_VARIABLE, SUNSET_KEYS_VARIABLE, "BACKSTAMP_CORPUS", "BACKSTAMP_PARENT"}
)
MAX_CONFIG_BYTES: Final = 1 << 20
_LISTENERS: Final = ((TRACKING_URL, EDGE_LISTEN), (CONSOLE_URL, CONSOLE_LISTEN))
"""An address that nobody wrote down has the port of its listener: who gave only another port would be shown
links that lead nowhere."""


class SettingsError(ValueError):
    """A setting is wrong: one line that names the place, the fault and the cure."""


class Settings:
    """The values of all settings, and where they came from."""

    def __init__(
        self, values: Mapping[str, Any], config_file: Path | None, text: str, variables: Mapping[str, str]
    ) -> None:
        self._values = values
        self.config_file = config_file
        self._text = text
        self._variables = variables

    def __getitem__(self, setting: Setting[T]) -> T:
        value: T = self._values[setting.name]
        return value

    def place_of(self, name: str) -> str:
        """Return where a setting is given: a variable, or the file, with its line if it stands there."""
        if name in self._variables:
            return f"environment {self._variables[name]}"
        if self.config_file is None:
            return "settings"
        line = line_of(name.split("."), self._text)
        return str(self.config_file) if line is None else f"{self.config_file}:{line}"

    def in_data_dir(self, name: str) -> Path:
        """Return the path of a file or folder of ours in the data directory."""
        return self[DATA_DIR] / name


def load(config_file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings. Raises `SettingsError`.

    The file is `config_file`, else the one named by BACKSTAMP_CONFIG, else ./backstamp.toml, which must be
    ours or root's, else /etc/backstamp/backstamp.toml, else none. Relative paths in the file mean the file's
    directory.
    """
    named = config_file
    if named is None and environ.get(CONFIG_VARIABLE):
        named = Path(environ[CONFIG_VARIABLE])
    found = named or next((place for place in PLACES if _may_be_ours(place)), None)
    path = None if found is None else found.absolute()
    # Without a name it may be the working directory's, where others may have laid it.
    text = "" if path is None else _text_of(path, from_anybody=named is not None or path == found)
    written = (_from_file(path, text) if path is not None else {}) | _from_environment(environ)
    values: dict[str, Any] = {setting.name: setting.default for setting in table()} | written
    for address, listener in _LISTENERS:
        if address.name not in written and values[listener.name]:
            _, port = split_host_port(values[listener.name])
            values[address.name] = f"{address.default.rpartition(':')[0]}:{port}"
    values[DATA_DIR.name] = values[DATA_DIR.name].absolute()
    variables = {
        setting.name: variable
        for setting in table()
        for variable in (setting.variable, f"{setting.variable}_FILE")
        if variable in environ
    }
    return Settings(values, path, text, variables)


def _may_be_ours(place: Path) -> bool:
    try:
        return place.is_file()
    except PermissionError:
        # Nobody put a file for us into a working directory that we may not look into (root's home, by
        # `sudo -u`); but settings of the machine that are kept from us are not to be passed over in silence.
        return place.is_absolute()


def _from_file(path: Path, text: str) -> dict[str, Any]:
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is no TOMLDecodeError
        raise SettingsError(f"{path}: is not TOML: {error}") from None
    known = {setting.name: setting for setting in table()}
    values = {}
    for keys, raw in _flat(tree):
        name = ".".join(keys)
        try:
            values[name] = _parse(_called(name, known), raw, path.parent)
        except SettingsError as error:
            raise SettingsError(f"{path}:{line_of(keys, text)}: {error}") from None
    return values


def _text_of(path: Path, *, from_anybody: bool) -> str:
    try:
        with path.open("rb") as file:
            if not from_anybody:
                _refuse_strangers(path, file)
            octets = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be read ({error.strerror}); check the path and its permissions"
        ) from None
    if len(octets) > MAX_CONFIG_BYTES:
        raise SettingsError(f"{path}: is larger than 1 MiB; this is not a settings file")
    try:
        # Some editors begin with a byte order mark.
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not UTF-8 text; save it as UTF-8") from None


def _refuse_strangers(path: Path, opened: BinaryIO) -> None:
    """Raise `SettingsError` where another user has laid these settings in our way: root would act by them.

    Both the opened file, whatever is at its name by now, and who made the link to it count. Who called `sudo`
    is another user, too: a rule of sudoers for our commands alone must not make anybody root.
    """
    for owner in (os.fstat(opened.fileno()).st_uid, path.lstat().st_uid):
        if owner in (0, os.geteuid()):
            continue
        try:
            name = pwd.getpwuid(owner).pw_name
        except KeyError:
            name = str(owner)
        raise SettingsError(
            f"{path}: belongs to another user ({name}), so it is used only if you name it; "
            f"to do so, write: backstamp --config {path.name} ..."
        )


def _flat(tree: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each setting that a file gives, as its section and key, or as a key at the top."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from (((key, inner), raw) for inner, raw in value.items())
        else:
            yield (key,), value


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values = {}
    names = {}
    for setting in table():
        names[setting.variable] = setting
        if setting.secret:
            names[setting.variable + "_FILE"] = setting
    for variable in sorted(environ):
        if not variable.startswith("BACKSTAMP_") or variable in OTHER_VARIABLES:
            continue
        if f"{variable}_FILE" in names and f"{variable}_FILE" in environ:
            raise SettingsError(f"environment: {variable} and {variable}_FILE are both set; set one")
        try:
            found = _called(variable, names)
            raw = environ[variable] if variable == found.variable else _secret_file(environ[variable])
            values[found.name] = _parse(found, raw, Path.cwd())
        except SettingsError as error:
            raise SettingsError(f"environment {variable}: {error}") from None
    return values


def _called(name: str, known: Mapping[str, Setting[Any]]) -> Setting[Any]:
    """Return the setting of this name. Raises `SettingsError` with the name that may be meant."""
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f'did you mean "{near[0]}"?' if near else "docs/settings.md lists all settings"
    raise SettingsError(f'there is no setting "{name}"; {hint}')


def _secret_file(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError("the file it names cannot be read as text") from None


def _parse(setting: Setting[Any], raw: Any, directory: Path) -> Any:
    try:
        value = setting.kind.parse(raw)
    except ValueError as error:
        shown = "its value" if setting.secret else _shown(raw)
        raise SettingsError(f"{setting.name}: {shown} {error}") from None
    return directory / value if isinstance(value, Path) else value


def _shown(raw: Any) -> str:
    text = repr(raw)
    return text if len(text) <= 60 else text[:57] + "..."
