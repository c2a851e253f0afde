import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from backstamp.app.settings import SettingsError, lines, load, table
from backstamp.app.settings.table import (
    CONSENT_MODE,
    CONSOLE_URL,
    DATA_DIR,
    DATABASE_URL,
    EDGE_TRUSTED_PROXIES,
    GATEWAY_LISTEN,
    GATEWAY_MAX_SIZE,
    GATEWAY_TLS_KEY,
    JOURNAL_SYNC,
    TRACKING_ENABLED,
    TRACKING_URL,
)
from backstamp.app.starting.problems import check
from backstamp.policy import ConsentMode

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"
CLASHES = sorted((Path(__file__).parent / "settings_that_clash").glob("*.toml"))
GALLERY = sorted((Path(__file__).parent / "bad_configs").glob("*.toml"))


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "backstamp.toml"
    path.write_text(text)
    return path


def test_without_a_file_the_defaults_are_those_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load(environ={})
    assert settings[CONSENT_MODE] is ConsentMode.REQUIRED
    assert settings[JOURNAL_SYNC] == 20
    assert settings[DATA_DIR] == tmp_path / "data"
    assert settings[GATEWAY_MAX_SIZE] == 50_000_000


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    path = written(
        tmp_path, '[gateway]\nlisten = "127.0.0.1:1025"\n[tracking]\nurl = "https://t.example.org/"\n'
    )
    settings = load(path, {"BACKSTAMP_GATEWAY_LISTEN": "[::1]:1026", "BACKSTAMP_TRACKING_ENABLED": "no"})
    assert settings[GATEWAY_LISTEN] == "[::1]:1026"
    assert settings[TRACKING_URL] == "https://t.example.org"
    assert settings[TRACKING_ENABLED] is False


def test_an_address_that_nobody_wrote_down_has_the_port_of_its_listener(tmp_path: Path) -> None:
    path = written(tmp_path, '[edge]\nlisten = "0.0.0.0:18025"\n[console]\nlisten = "127.0.0.1:18026"\n')
    settings = load(path, {})
    assert settings[TRACKING_URL] == "http://localhost:18025"
    assert settings[CONSOLE_URL] == "http://127.0.0.1:18026"

    settings = load(path, {"BACKSTAMP_CONSOLE_URL": "https://console.example.org"})
    assert settings[CONSOLE_URL] == "https://console.example.org"


def test_a_relative_path_in_the_file_means_the_files_directory(tmp_path: Path) -> None:
    path = written(tmp_path, 'data_dir = "state"\n[gateway]\ntls_key = "tls/key.pem"\n')
    settings = load(path, {})
    assert settings[DATA_DIR] == tmp_path / "state"
    assert settings[GATEWAY_TLS_KEY] == tmp_path / "tls" / "key.pem"


def test_a_file_as_a_windows_editor_saves_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "backstamp.toml"
    path.write_bytes(b'\xef\xbb\xbfdata_dir = "/srv/x"\r\n[journal]\r\nsync = 40\r\n')
    settings = load(path, {})
    assert (settings[DATA_DIR], settings[JOURNAL_SYNC]) == (Path("/srv/x"), 40)


def test_a_number_of_thousands_of_digits_is_refused_as_what_is_not_toml(tmp_path: Path) -> None:
    """Python reads no such number, and says so otherwise."""
    with pytest.raises(SettingsError, match=r"backstamp.toml: is not TOML: "):
        load(written(tmp_path, f"a = {'1' * 5000}"), {})


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql://me:word@127.0.0.1:5432/backstamp\n")
    settings = load(environ={"BACKSTAMP_DATABASE_URL_FILE": str(secret)})
    assert settings[DATABASE_URL] == "postgresql://me:word@127.0.0.1:5432/backstamp"


def test_a_wrong_secret_is_not_repeated_in_the_error() -> None:
    with pytest.raises(SettingsError) as caught:
        load(environ={"BACKSTAMP_DATABASE_URL": "mysql://me:hunter2@db/x"})
    assert "hunter2" not in str(caught.value)


def test_networks_can_be_listed_in_a_variable() -> None:
    settings = load(environ={"BACKSTAMP_EDGE_TRUSTED_PROXIES": "192.0.2.1, 2001:db8::/32"})
    assert [str(network) for network in settings[EDGE_TRUSTED_PROXIES]] == ["192.0.2.1/32", "2001:db8::/32"]


def test_a_misspelt_variable_is_an_error_with_a_hint() -> None:
    with pytest.raises(SettingsError, match='did you mean "BACKSTAMP_EDGE_LISTEN"'):
        load(environ={"BACKSTAMP_EDGE_LISTN": "127.0.0.1:1"})


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_a_broken_configuration_gets_its_one_line(path: Path) -> None:
    """The first line of each file of the gallery, after "# ", is what must be said of it."""
    expected = path.read_bytes().split(b"\n", 1)[0].decode().removeprefix("# ")
    with pytest.raises(SettingsError) as caught:
        load(path, {})
    assert str(caught.value).replace(str(path), "FILE") == expected


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (3, "[gateway]\n\nlisten = 7\n"),
        (3, "[gateway]\r\n# listen = 1\r\nlisten = 7\r\n"),
        (2, 'data_dir = "/"\ngateway = {hostname = "mx", listen = 7}\n'),
        (4, 'data_dir = """\\\n[gateway]\\\nlisten = 7"""\n"gateway".listen = 7'),
        (5, '[gateway]\ntrusted_networks = [\n  "::1", # listen = 7\n]\nlisten = 7\n'),
        (2, "[gateway]\nlisten = [\n]\n"),
    ],
)
def test_a_wrong_setting_is_told_with_its_line(line: int, text: str, tmp_path: Path) -> None:
    path = tmp_path / "backstamp.toml"
    path.write_bytes(text.encode())
    with pytest.raises(SettingsError, match=rf"^{path}:{line}: gateway\.listen: "):
        load(path, {})


@pytest.mark.parametrize(
    "value",
    [
        "[\n" + "".join(f'  "host{number}.example",\n' for number in range(500)) + "]",
        '["""\n' + "".join(f"host{number} = '''\n" for number in range(500)) + '"""]',
        "['''\n" + "".join(f'[host.n{number}] """ #\n' for number in range(500)) + "''']",
    ],
    ids=["list", "text", "literal text"],
)
def test_the_line_of_a_setting_behind_a_long_value_is_found_without_reading_each_line_of_it(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"[tracking]\nexcluded_hosts = {value}\nopens = 3\nclicks = true\n"
    read: list[int] = []

    def loads(text: str) -> dict[str, object]:
        read.append(len(text))
        return tomllib.loads(text)

    monkeypatch.setattr(
        lines, "tomllib", SimpleNamespace(loads=loads, TOMLDecodeError=tomllib.TOMLDecodeError)
    )
    assert lines.line_of(("tracking", "opens"), text) == text.count("\n") - 1
    assert len(read) < 10


def test_the_gallery_is_not_empty() -> None:
    assert len(GALLERY) >= 20


def test_every_setting_has_its_heading_in_the_document_and_the_document_is_current() -> None:
    from backstamp.app.commands.settings import document

    text = DOCUMENT.read_text()
    assert text == document(), "run: make docs"
    assert all(f"### {setting.name}\n" in text for setting in table())


def test_no_two_settings_share_a_name_or_a_variable() -> None:
    assert len({s.name for s in table()}) == len({s.variable for s in table()}) == len(table())


def test_the_printed_template_is_a_settings_file_that_changes_nothing(tmp_path: Path) -> None:
    from backstamp.app.commands.settings import template

    bare, opened = template(), re.sub(r"^#([a-z_]+ = )", r"\1", template(), flags=re.MULTILINE)
    assert opened.count("\n") == bare.count("\n")
    as_printed = load(written(tmp_path, bare), {})
    all_set = load(written(tmp_path, opened), {})
    defaults = {setting.name: setting.default for setting in table() if not isinstance(setting.default, Path)}
    assert {name: as_printed[s] for s in table() if (name := s.name) in defaults} == defaults
    assert {name: all_set[s] for s in table() if (name := s.name) in defaults} == defaults


def test_a_database_elsewhere_without_its_driver_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load(written(tmp_path, '[database]\nurl = "postgresql://me@127.0.0.1/mail"\n'))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=re.escape(f"run: {sys.prefix}/bin/pip install 'psycopg[binary]")):
        check(settings)


@pytest.mark.parametrize("path", CLASHES, ids=lambda path: path.stem)
def test_settings_that_do_not_go_together_are_told_in_one_line(path: Path) -> None:
    expected = path.read_text().partition("\n")[0].removeprefix("# ")
    with pytest.raises(SettingsError) as caught:
        check(load(path, {}))
    assert str(caught.value).replace(str(path), "FILE") == expected


def test_a_fault_names_the_variable_that_gives_the_setting(tmp_path: Path) -> None:
    path = written(tmp_path, '[tracking]\nurl = "https://t.example.org"\n')
    with pytest.raises(SettingsError) as caught:
        check(load(path, {"BACKSTAMP_TRACKING_URL": "https://t.example.org/x"}))
    told = "tracking.url has a path; the edge answers at the root of a host of its own"
    assert str(caught.value) == f"environment BACKSTAMP_TRACKING_URL: {told}"
