"""The file of compiled threat lists: published, mapped, replaced under its readers."""

import errno
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from backstamp.shared_files import ThreatFile, publish_lists, threat_file
from backstamp.threats.lists import Source, SourceEntries, ThreatLists
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import ThreatType

SOURCE = Source("urlhaus", ThreatType.MALWARE)


def publish(path: Path, *hosts: str) -> None:
    publish_lists(path, [SourceEntries(SOURCE, [full_hash(f"{host}/") for host in hosts])])


def named(lists: ThreatLists | None, *hosts: str) -> list[str]:
    assert lists is not None
    return [host for host in hosts if lists.look_up(f"http://{host}/")]


@pytest.fixture
def always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threat_file, "RECHECK_SECONDS", 0)


@pytest.mark.usefixtures("always_look")
def test_published_lists_are_mapped_and_the_next_ones_replace_them(tmp_path: Path) -> None:
    path = tmp_path / "threats.lists"
    file = ThreatFile(path)
    assert file.current() is None
    publish(path, "a.example")
    first = file.current()
    assert file.current() is first
    assert named(first, "a.example", "b.example") == ["a.example"]
    publish(path, "b.example")
    assert named(file.current(), "a.example", "b.example") == ["b.example"]
    assert named(first, "a.example", "b.example") == ["a.example"], "who still reads the old ones can"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["threats.lists"]


@pytest.mark.usefixtures("always_look")
@pytest.mark.parametrize(
    "damage", [b"", b"rubbish", b"BSTHRT\x00\x01" + bytes(64), b"BSTHRT\x00\x02" + bytes(64)]
)
def test_the_last_good_lists_stay_when_the_file_is_damaged_or_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: bytes
) -> None:
    path = tmp_path / "threats.lists"
    publish(path, "a.example")
    file = ThreatFile(path)
    good = file.current()
    bad = tmp_path / "bad"
    bad.write_bytes(damage)
    bad.replace(path)
    assert [file.current(), file.current()] == [good, good]
    assert caplog.text.count("the last good threat lists stay in force") == 1
    path.unlink()
    assert named(file.current(), "a.example") == ["a.example"]
    publish(path, "c.example")
    assert named(file.current(), "a.example", "c.example") == ["c.example"]


@pytest.mark.usefixtures("always_look")
def test_lists_that_could_not_be_mapped_for_a_moment_are_at_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "threats.lists"
    file = ThreatFile(path)
    publish(path, "a.example")

    def failing(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", failing)
        assert [file.current(), file.current()] == [None, None]
    assert named(file.current(), "a.example") == ["a.example"]
    assert caplog.text.count("Too many open files") == 1


def test_the_file_is_looked_at_only_now_and_then(tmp_path: Path) -> None:
    file = ThreatFile(tmp_path / "threats.lists")
    assert file.current() is None
    publish(tmp_path / "threats.lists", "a.example")
    assert file.current() is None, "the half second is not over"


def test_a_compilation_that_fails_leaves_the_old_lists_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "threats.lists"
    publish(path, "a.example")

    def broken() -> Iterator[bytes]:
        yield full_hash("b.example/")
        raise RuntimeError("the feed broke off")

    with pytest.raises(RuntimeError):
        publish_lists(path, [SourceEntries(SOURCE, broken())])
    with pytest.raises(ValueError, match="not sorted"):
        publish_lists(path, [SourceEntries(SOURCE, b"bbbbbbbbaaaaaaaa")])
    assert [entry.name for entry in tmp_path.iterdir()] == ["threats.lists"]
    assert named(ThreatFile(path).current(), "a.example", "b.example") == ["a.example"]
