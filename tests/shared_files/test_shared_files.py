"""The policy snapshot and the daily keys of `source`."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.policy import (
    Consent,
    ConsentMode,
    Consents,
    ConsentState,
    Keys,
    Snapshot,
    SuppressionReason,
)
from backstamp.shared_files import (
    SnapshotFile,
    SourceKeys,
    publish_consents,
    publish_policy,
    publish_snapshot,
    publish_suppressed,
    snapshot_file,
)
from backstamp.shared_files.replacing import replace_file
from backstamp.shared_files.source_keys import DAY_US

ONE, TWO = (IPv4Address(text).packed for text in ("192.0.2.1", "192.0.2.2"))
NOON = 20_000 * DAY_US + DAY_US // 2


WITHDRAWN = Consents.said({b"anna-key": Consent(opens=ConsentState.WITHDRAWN)})
LISTED = {"example.org": {SuppressionReason.MANUAL: Keys.of([b"bert-key"])}}


def policy(published_at_us: int) -> Snapshot:
    return Snapshot(
        published_at_us=published_at_us,
        enabled=True,
        consent_mode=ConsentMode.REQUIRED,
        tracking_url="https://t.example.org",
        origins={},
    )


@pytest.fixture
def always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_file, "RECHECK_SECONDS", 0)


@pytest.mark.usefixtures("always_look")
def test_a_published_snapshot_is_read_and_the_next_one_replaces_it(tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    file = SnapshotFile(path)
    assert file.current() is None
    publish_snapshot(path, policy(1))
    assert file.current() == policy(1)
    publish_snapshot(path, policy(2))
    assert file.current() == policy(2)
    assert {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.iterdir()} == dict.fromkeys(
        ("snapshot", "snapshot.consents", "snapshot.suppressed"), 0o640
    )


@pytest.mark.usefixtures("always_look")
def test_the_last_good_policy_stays_when_the_file_is_damaged_or_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "snapshot"
    publish_snapshot(path, policy(1))
    file = SnapshotFile(path)
    assert file.current() == policy(1)
    path.write_bytes(b"rubbish")
    assert [file.current(), file.current()] == [policy(1), policy(1)]
    assert caplog.text.count("the last good policy stays in force") == 1
    path.unlink()
    assert file.current() == policy(1)
    publish_snapshot(path, policy(3))
    assert file.current() == policy(3)


@pytest.mark.usefixtures("always_look")
def test_a_policy_that_could_not_be_read_for_a_moment_is_read_at_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "snapshot"
    file = SnapshotFile(path)
    publish_snapshot(path, policy(1))

    def failing(_path: Path) -> bytes:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", failing)
        assert [file.current(), file.current()] == [None, None]
    assert file.current() == policy(1)
    assert caplog.text.count("the last good policy stays in force") == 1


@pytest.mark.usefixtures("always_look")
def test_a_change_of_one_part_is_read_and_the_others_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    file = SnapshotFile(path)
    publish_snapshot(path, policy(1))
    before = file.current()
    assert before is file.current(), "the same object until something changes"
    publish_consents(path, WITHDRAWN)
    publish_suppressed(path, LISTED)
    after = file.current()
    assert after == Snapshot.of(policy(1), WITHDRAWN, LISTED)
    publish_policy(path, policy(2))
    assert file.current() == Snapshot.of(policy(2), WITHDRAWN, LISTED)
    assert file.current() is not after


@pytest.mark.usefixtures("always_look")
@pytest.mark.parametrize("missing", ["snapshot", "snapshot.consents", "snapshot.suppressed"])
def test_there_is_no_policy_while_one_part_is_missing(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "snapshot"
    publish_snapshot(path, Snapshot.of(policy(1), WITHDRAWN, LISTED))
    part = (tmp_path / missing).read_bytes()
    (tmp_path / missing).unlink()
    file = SnapshotFile(path)
    assert file.current() is None, "nobody who withdrew is overlooked"
    (tmp_path / missing).write_bytes(part)
    assert file.current() == Snapshot.of(policy(1), WITHDRAWN, LISTED)


@pytest.mark.usefixtures("always_look")
@pytest.mark.parametrize("damaged", ["consents", "suppressed"])
def test_a_damaged_part_leaves_the_last_good_one_in_force_and_the_others_are_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damaged: str
) -> None:
    path = tmp_path / "snapshot"
    publish_snapshot(path, Snapshot.of(policy(1), WITHDRAWN, LISTED))
    file = SnapshotFile(path)
    assert file.current() is not None
    part = tmp_path / f"snapshot.{damaged}"
    part.with_name("new").write_bytes(part.read_bytes()[:-1] + b"?")
    part.with_name("new").replace(part)
    publish_policy(path, policy(2))
    assert [file.current(), file.current()] == [Snapshot.of(policy(2), WITHDRAWN, LISTED)] * 2
    assert caplog.messages == [
        f"snapshot.{damaged}: policy snapshot is damaged: the checksum does not fit; the last good "
        f"{'consents stay' if damaged == 'consents' else 'suppression list stays'} in force"
    ]


@pytest.mark.usefixtures("always_look")
def test_after_an_upgrade_the_old_file_holds_until_each_part_is_published(tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    anna = {"links": "withdrawn"}
    old = {**msgspec.structs.asdict(policy(1)), "consents": {b"anna-key": anna}, "version": 1}
    path.write_bytes(msgspec.msgpack.encode(old))
    file = SnapshotFile(path)
    by_the_old = file.current()
    assert by_the_old is not None
    assert by_the_old.consents == {b"anna-key": Consent(links=ConsentState.WITHDRAWN)}
    publish_consents(path, WITHDRAWN)
    publish_suppressed(path, LISTED)
    assert file.current() == Snapshot.of(policy(1), WITHDRAWN, LISTED)
    publish_policy(path, policy(2))
    assert file.current() == Snapshot.of(policy(2), WITHDRAWN, LISTED)


@pytest.mark.usefixtures("always_look")
def test_a_new_policy_whose_other_parts_are_not_there_yet_leaves_the_old_one_in_force(tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    old = {**msgspec.structs.asdict(policy(1)), "consents": {}, "version": 1}
    path.write_bytes(msgspec.msgpack.encode(old))
    file = SnapshotFile(path)
    by_the_old = file.current()
    assert by_the_old is not None
    publish_policy(path, policy(2))
    assert file.current() is by_the_old
    publish_consents(path, WITHDRAWN)
    assert file.current() is by_the_old
    publish_suppressed(path, LISTED)
    assert file.current() == Snapshot.of(policy(2), WITHDRAWN, LISTED)


def test_the_file_is_looked_at_only_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_file, "RECHECK_SECONDS", 3600)
    file = SnapshotFile(tmp_path / "snapshot")
    assert file.current() is None
    publish_snapshot(tmp_path / "snapshot", policy(1))
    assert file.current() is None, "the time is not over"


def test_a_pipe_in_the_place_of_a_key_is_not_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "source-keys"
    SourceKeys(folder).source(ONE, NOON)
    (path,) = folder.iterdir()
    path.unlink()
    os.mkfifo(path)
    assert SourceKeys(folder).source(ONE, NOON) == b""
    with path.open("r+b", buffering=0):  # somebody has it open, and writes nothing
        assert SourceKeys(folder).source(ONE, NOON) == b""


def test_equal_addresses_have_equal_sources_on_one_day_only(tmp_path: Path) -> None:
    keys = SourceKeys(tmp_path / "source-keys")
    source = keys.source(ONE, NOON)
    assert len(source) == 8
    assert keys.source(ONE, NOON + 1) == source
    assert keys.source(TWO, NOON) != source
    assert keys.source(ONE, NOON + DAY_US) != source


def test_every_worker_uses_the_same_key(tmp_path: Path) -> None:
    workers = [SourceKeys(tmp_path / "source-keys") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda keys: keys.source(ONE, NOON), workers))
    assert len(found) == 1
    (path,) = (tmp_path / "source-keys").iterdir()
    assert path.name == "2024-10-04"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_bytes()) == 32


def test_keys_are_destroyed_48_hours_after_they_began(tmp_path: Path) -> None:
    folder = tmp_path / "source-keys"
    keys = SourceKeys(folder)
    source = keys.source(ONE, NOON)
    start = NOON - DAY_US // 2
    (folder / ".2024-10-04.0badcafe").write_bytes(b"left by a crash")
    keys.destroy_old(start + 2 * DAY_US - 1)
    assert keys.source(ONE, NOON) == source
    keys.destroy_old(start + 2 * DAY_US)
    assert list(folder.iterdir()) == []
    assert keys.source(ONE, NOON) != source, "neither in memory nor on the disk"


def test_the_key_of_a_clock_that_ran_years_ahead_does_not_stay_until_then(tmp_path: Path) -> None:
    folder = tmp_path / "source-keys"
    keys = SourceKeys(folder)
    ahead = NOON + 4000 * DAY_US
    wrong, right = keys.source(ONE, ahead), keys.source(ONE, NOON)
    tomorrow = keys.source(ONE, NOON + DAY_US)
    keys.destroy_old(NOON)
    assert [path.name for path in sorted(folder.iterdir())] == ["2024-10-04", "2024-10-05"]
    assert keys.source(ONE, ahead) != wrong
    assert keys.source(ONE, NOON) == right
    assert keys.source(ONE, NOON + DAY_US) == tomorrow


def test_without_a_folder_hits_have_no_source_and_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "source-keys").write_text("in the way")
    keys = SourceKeys(tmp_path / "source-keys")
    assert [keys.source(ONE, NOON) for _ in range(3)] == [b"", b"", b""]
    assert caplog.text.count("source key of the day cannot be made") == 1


def test_a_peer_without_an_address_has_no_source(tmp_path: Path) -> None:
    assert SourceKeys(tmp_path).source(b"", NOON) == b""


@given(network=st.integers(0, 2**64 - 1), hosts=st.tuples(*[st.integers(0, 2**64 - 1)] * 2))
@settings(max_examples=50, deadline=None)
def test_an_ipv6_address_counts_by_its_64(network: int, hosts: tuple[int, int]) -> None:
    with TemporaryDirectory() as folder:
        keys = SourceKeys(Path(folder))
        one, two = (keys.source(IPv6Address(network << 64 | host).packed, NOON) for host in hosts)
        if network:  # network 0 holds the IPv4-mapped addresses
            assert one == two
            assert keys.source(IPv6Address((network ^ 1) << 64).packed, NOON) != one


@given(number=st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_an_ipv4_mapped_address_is_the_ipv4_address(number: int) -> None:
    octets = IPv4Address(number).packed
    with TemporaryDirectory() as folder:
        keys = SourceKeys(Path(folder))
        assert keys.source(bytes(10) + b"\xff\xff" + octets, NOON) == keys.source(octets, NOON)


def test_keys_are_destroyed_while_requests_make_others(tmp_path: Path) -> None:
    keys = SourceKeys(tmp_path / "source-keys")

    class Busy(int):
        """A day in whose comparison another thread gets its turn."""

        def __le__(self, other: int) -> bool:
            keys.source(ONE, (int(self) + 3) * DAY_US)
            return int(self) <= other

    keys.source(ONE, NOON)
    ((day, state),) = keys._keyed.items()
    keys._keyed = {Busy(day): state}
    keys.destroy_old(NOON + 3 * DAY_US)
    assert list(keys._keyed) == [day + 3]


def test_a_new_file_is_on_the_disk_before_it_takes_the_place_of_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, replace = os.fsync, Path.replace

    def noted_sync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def noted_replace(path: Path, target: Path) -> Path:
        done.append("replaced")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    replace_file(tmp_path / "snapshot", b"new")
    assert done == ["file", "replaced", "folder"]


@pytest.mark.usefixtures("always_look")
def test_what_only_has_the_name_of_a_published_file_is_told_and_not_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "snapshot"
    publish_snapshot(path, policy(1))
    file = SnapshotFile(path)
    assert file.current() == policy(1)
    path.unlink()
    os.mkfifo(path)
    assert [file.current(), file.current()] == [policy(1)] * 2
    assert [record.getMessage() for record in caplog.records] == [
        "snapshot: it is no regular file; the last good policy stays in force"
    ]
    path.unlink()
    publish_policy(path, policy(2))
    assert file.current() == policy(2)
