"""Root's commands leave nothing that the service, which runs as another user, cannot open."""

import os
import pwd
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from backstamp.app import keyfile
from backstamp.app.owner import become_owner
from backstamp.app.settings import SettingsError, load

NOBODY = pwd.getpwnam("nobody")


SOURCE = Path(__file__).parents[2] / "src"


def _for_everybody(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


def _python() -> str | None:
    """Return a Python like ours that another user may run; ours may lie in root's home."""
    if _for_everybody(Path(sys.executable)):
        return sys.executable
    of_the_system = Path("/usr/bin/python{}.{}".format(*sys.version_info))
    return str(of_the_system) if of_the_system.exists() else None


PYTHON = _python()
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or PYTHON is None or not _for_everybody(SOURCE),
    reason="only root can become another user, who must be able to read the program",
)


@pytest.fixture
def data() -> Iterator[Path]:
    # Not `tmp_path`, into which only root can look.
    folder = Path(mkdtemp(prefix="backstamp-owner-"))
    yield folder
    shutil.rmtree(folder)


def run(
    *arguments: str, data: Path, cwd: Path, user: int = 0, source: Path = SOURCE
) -> subprocess.CompletedProcess[str]:
    assert PYTHON is not None
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BACKSTAMP_")}
    environment |= {
        "BACKSTAMP_DATA_DIR": str(data),
        "PYTHONPATH": os.pathsep.join([str(source), sysconfig.get_path("platlib")]),
    }
    return subprocess.run(
        [PYTHON, "-P", "-m", "backstamp", *arguments],
        cwd=cwd,
        env=environment,
        user=user,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def owners(folder: Path) -> set[int]:
    return {path.stat().st_uid for path in folder.rglob("*")}


def test_what_root_types_first_belongs_to_the_data_directorys_owner(data: Path, tmp_path: Path) -> None:
    os.chown(data, NOBODY.pw_uid, NOBODY.pw_gid)
    made = run("migrate", data=data, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert (data / "keys.json").exists()
    assert (data / "backstamp.db").exists()
    assert owners(data) == {NOBODY.pw_uid}


def test_new_keys_by_root_stay_readable_for_the_service(data: Path, tmp_path: Path) -> None:
    keyfile.ensure(data / "keys.json")
    os.chown(data, NOBODY.pw_uid, NOBODY.pw_gid)
    os.chown(data / "keys.json", NOBODY.pw_uid, NOBODY.pw_gid)
    assert run("keys", "rotate", data=data, cwd=tmp_path).returncode == 0
    assert owners(data) == {NOBODY.pw_uid}


def test_a_list_that_only_root_can_read_is_imported(data: Path, tmp_path: Path) -> None:
    os.chown(data, NOBODY.pw_uid, NOBODY.pw_gid)
    assert run("migrate", data=data, cwd=tmp_path).returncode == 0
    file = tmp_path / "list.csv"
    file.write_text("address\na@x.example\n")
    file.chmod(0o600)
    done = run("suppressions", "import", str(file), data=data, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("1 added, 0 were on the list already\n", "")
    assert owners(data) == {NOBODY.pw_uid}


def test_root_stays_root_where_the_key_file_is_roots(data: Path, tmp_path: Path) -> None:
    keyfile.ensure(data / "keys.json")
    os.chown(data, NOBODY.pw_uid, NOBODY.pw_gid)
    assert run("keys", "list", data=data, cwd=tmp_path).returncode == 0


def test_a_key_file_of_roots_that_is_named_serves_beside_the_data_directory_of_another(
    data: Path, tmp_path: Path
) -> None:
    os.chown(data, NOBODY.pw_uid, NOBODY.pw_gid)
    saved = tmp_path / "keys.json"
    saved.write_text("{}")
    saved.chmod(0o600)
    seen = run("edge", "--sunset", "--keys", str(saved), data=data, cwd=tmp_path)
    assert "Permission denied" not in seen.stderr
    assert seen.stderr.startswith(f"backstamp: {saved}: "), seen.stderr


def test_a_program_that_the_owner_may_not_read_is_told_in_one_line(data: Path, tmp_path: Path) -> None:
    os.chown(data, NOBODY.pw_uid, NOBODY.pw_gid)
    hidden = tmp_path / "hidden"
    shutil.copytree(SOURCE, hidden / "src", ignore=shutil.ignore_patterns("__pycache__"))
    hidden.chmod(0o700)
    seen = run("migrate", data=data, cwd=tmp_path, source=hidden / "src")
    assert seen.returncode == 2
    assert seen.stderr.count("\n") == 1, seen.stderr
    assert f"may not read this program in {hidden / 'src'}" in seen.stderr


def test_so_it_is_where_it_may_not_read_pythons_own_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They lie below root's home where Python is not the system's."""
    became: list[int] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for call in ("setgroups", "setgid", "setuid"):
        monkeypatch.setattr(os, call, became.append)
    monkeypatch.setattr(os, "access", lambda path, _: path != os.__file__)
    (tmp_path / "keys.json").touch()
    os.chown(tmp_path / "keys.json", NOBODY.pw_uid, NOBODY.pw_gid)
    where = re.escape(str(Path(os.__file__).parent))
    with pytest.raises(SettingsError, match=f"who may not read this program in {where}; install it where"):
        become_owner(tmp_path, tmp_path / "keys.json")
    assert became[-1] == NOBODY.pw_uid


def test_a_working_directory_that_is_closed_to_us_holds_no_settings_for_us(
    data: Path, tmp_path: Path
) -> None:
    os.chown(data, NOBODY.pw_uid, NOBODY.pw_gid)
    tmp_path.chmod(0o700)
    seen = run("check-config", data=data, cwd=tmp_path, user=NOBODY.pw_uid)
    assert (seen.returncode, seen.stderr) == (0, "")


def test_settings_that_another_user_left_in_the_folder_hold_only_where_they_are_named(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data)
    file = Path("backstamp.toml")
    file.write_text('data_dir = "theirs"\n')
    assert load(environ={}).config_file == data / file, "root's own"
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY.pw_uid)
    assert load(environ={}).config_file == data / file, "root's are obeyed by everybody"
    os.chown(file, NOBODY.pw_uid, NOBODY.pw_gid)
    assert load(environ={}).config_file == data / file, "one's own"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    refused = rf"^{data / file}: belongs to another user \(nobody\), so it is used only if you name it; .*"
    with pytest.raises(SettingsError, match=refused + r"write: backstamp --config backstamp\.toml \.\.\.$"):
        load(environ={})
    monkeypatch.setenv("SUDO_UID", str(NOBODY.pw_uid))
    with pytest.raises(SettingsError, match=refused):
        load(environ={})
    assert load(file, {}).config_file == data / file
    assert load(environ={"BACKSTAMP_CONFIG": str(file)}).config_file == data / file


def test_a_link_that_another_user_made_to_settings_of_roots_is_theirs(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative `data_dir` would be in their folder."""
    monkeypatch.chdir(data)
    (data / "roots.toml").write_text('data_dir = "data"\n')
    Path("backstamp.toml").symlink_to("roots.toml")
    assert load(environ={}).config_file == data / "backstamp.toml"
    os.chown("backstamp.toml", 4_000_123, NOBODY.pw_gid, follow_symlinks=False)
    with pytest.raises(SettingsError, match=r"belongs to another user \(4000123\)"):
        load(environ={})


def test_settings_that_another_user_puts_there_after_the_look_are_theirs(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked whose the opened file is, not whose the name was."""
    monkeypatch.chdir(data)
    theirs = data / "theirs.toml"
    theirs.write_text('data_dir = "theirs"\n')
    os.chown(theirs, 4_000_123, NOBODY.pw_gid)
    file = data / "backstamp.toml"
    file.symlink_to(theirs)
    with pytest.raises(SettingsError, match=r"belongs to another user \(4000123\)"):
        load(environ={})
