import os
import threading
from pathlib import Path

import pytest

from backstamp.app import keyfile
from backstamp.app.keyfile import KeyFile, KeyFileError
from backstamp.app.settings.loader import load
from backstamp.app.starting.data_dir import prepare_data_dir
from backstamp.tokens import Key, Keyring, open_token, seal_pixel


def test_the_first_start_makes_a_file_that_only_its_owner_can_read(tmp_path: Path) -> None:
    ring = keyfile.ensure(tmp_path / "keys.json")
    assert ring.active_id == 1
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_a_second_start_keeps_the_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    token = seal_pixel(keyfile.ensure(path), domain_id=1, tracking_id=2)
    assert open_token(keyfile.ensure(path), token) is not None


def test_two_starts_at_once_agree_on_one_ring(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    texts: list[str] = []
    threads = [
        threading.Thread(target=lambda: texts.append(keyfile.ensure(path).to_json())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == [path.read_text()] * 8
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_a_running_role_learns_of_a_rotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyfile, "LOOK_AGAIN_SECONDS", 0.0)
    path = tmp_path / "keys.json"
    old = seal_pixel(keyfile.ensure(path), domain_id=1, tracking_id=2)
    current = KeyFile(path)
    keyfile.rotate(path)
    assert current().active_id == 2
    assert open_token(current(), old) is not None
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_new_key_opens_everywhere_before_it_seals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.json"
    keyfile.ensure(path)
    meanwhile: list[tuple[float, int, int]] = []

    def pause(seconds: float) -> None:
        ring = keyfile.read(path)
        meanwhile.append((seconds, len(ring.keys), ring.active_id))

    monkeypatch.setattr("time.sleep", pause)
    assert keyfile.rotate(path).active_id == keyfile.read(path).active_id == 2
    assert meanwhile == [(2 * keyfile.LOOK_AGAIN_SECONDS, 2, 1)]


def test_rotations_at_once_lose_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyfile, "LOOK_AGAIN_SECONDS", 0.001)
    path = tmp_path / "keys.json"
    keyfile.ensure(path)
    threads = [threading.Thread(target=keyfile.rotate, args=(path,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [key.id for key in keyfile.read(path).keys] == [1, 2, 3, 4, 5, 6, 7]


def test_a_file_of_many_thousand_keys_is_read(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    first = keyfile.ensure(path)
    token = seal_pixel(first, domain_id=1, tracking_id=2)
    keys = (first.keys[0], *(Key(number, 1, bytes(32)) for number in range(2, 20_001)))
    path.write_text(Keyring(keys, 20_000, b"a" * 32).to_json())
    assert path.stat().st_size > 2_000_000
    assert open_token(keyfile.read(path), token) is not None


def test_a_file_that_breaks_while_running_leaves_the_last_ring_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyfile, "LOOK_AGAIN_SECONDS", 0.0)
    path = tmp_path / "keys.json"
    keyfile.ensure(path)
    current = KeyFile(path)
    path.write_text("{")
    assert current().active_id == 1
    path.unlink()
    assert current().active_id == 1


def test_a_file_that_breaks_or_goes_while_running_is_shouted_about_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keyfile, "LOOK_AGAIN_SECONDS", 0)
    path = tmp_path / "keys.json"
    keyfile.ensure(path)
    ring, whole = KeyFile(path), path.read_bytes()
    path.write_bytes(b"rubbish")
    assert ring().active_id == ring().active_id == 1
    path.unlink()
    assert ring().active_id == ring().active_id == 1
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "CRITICAL",
            f"{path}: key ring is not readable (JSON is malformed: invalid character (byte 0)); "
            "restore it from your backup; until this process ends it goes on with the keys that it has",
        ),
        (
            "CRITICAL",
            f"{path}: the key file is gone; restore it from your backup before any restart; until this "
            "process ends it goes on with the keys that it has",
        ),
    ]
    caplog.clear()
    path.write_bytes(whole)
    path.chmod(0o600)
    ring()
    assert not caplog.records


def test_a_pipe_is_refused_at_once_instead_of_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    os.mkfifo(path, 0o600)
    with pytest.raises(KeyFileError, match="is a pipe, which can be read once; name a file that stays"):
        keyfile.read(path)


def test_what_cannot_be_a_key_file_is_told_with_its_own_cure(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"cannot be read \(Is a directory\); name the key file$"):
        keyfile.read(tmp_path)


def test_a_file_that_an_editor_of_windows_wrote_is_read(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    ring = keyfile.ensure(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert keyfile.read(path).to_json() == ring.to_json()


def test_another_file_that_was_named_by_mistake_is_not_to_be_closed_to_others(tmp_path: Path) -> None:
    other = tmp_path / "passwd"
    other.write_text("root:x:0:0:root:/root:/bin/bash\n")
    other.chmod(0o644)
    with pytest.raises(KeyFileError, match="key ring is not readable") as refused:
        keyfile.read(other)
    assert "chmod" not in str(refused.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_refused_with_the_fix(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.json"
    keyfile.ensure(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        keyfile.read(path)


def test_a_missing_file_says_how_it_comes_into_being(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="start `backstamp serve` once"):
        keyfile.read(tmp_path / "keys.json")


def test_keys_that_are_made_anew_beside_an_old_policy_are_shouted_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = load(environ={"BACKSTAMP_DATA_DIR": str(tmp_path)})
    prepare_data_dir(settings)
    assert not caplog.records
    (tmp_path / "snapshot").touch()
    prepare_data_dir(settings)
    assert not caplog.records
    (tmp_path / "keys.json").unlink()
    prepare_data_dir(settings)
    (record,) = caplog.records
    assert record.levelname == "CRITICAL"
    assert "all links in mail that is out already are dead" in record.getMessage()
