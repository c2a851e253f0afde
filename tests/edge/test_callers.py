"""Callers are remembered for a while, and are what they would be without that."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from backstamp.edge.recording import callers
from backstamp.edge.recording.callers import Callers
from backstamp.edge.recording.client_address import TrustedProxies, address_octets
from backstamp.shared_files import SourceKeys
from backstamp.shared_files.source_keys import DAY_US
from backstamp.verdicts import NetworkTable
from backstamp.verdicts.networks import NOT_SEEN, PACKAGED_TABLE
from tests.edge.fake import FakeHeaders

NOON = 20_000 * DAY_US + DAY_US // 2
GOOGLE = "66.249.84.1"


@pytest.fixture
def keys(tmp_path: Path) -> SourceKeys:
    return SourceKeys(tmp_path / "source-keys")


def through(*values: str) -> FakeHeaders:
    return FakeHeaders([("x-forwarded-for", value) for value in values])


def test_a_remembered_caller_is_the_same_as_a_new_one(keys: SourceKeys) -> None:
    known = Callers(TrustedProxies([]), keys)
    for _ in range(3):
        caller = known.of(f"{GOOGLE}:4711", through("192.0.2.1"), NOON)
        assert caller.octets == address_octets(GOOGLE)
        assert caller.network == PACKAGED_TABLE.classify(GOOGLE) != ""
        assert caller.source == keys.source(address_octets(GOOGLE), NOON)


def test_behind_a_proxy_each_client_is_its_own_caller(keys: SourceKeys) -> None:
    known = Callers(TrustedProxies([ip_network("10.0.0.0/8"), ip_network("::1/128")]), keys)
    for _ in range(2):
        for peer in ("10.0.0.1:1", "[::1]:1"):
            for client in (GOOGLE, "192.0.2.7", "2001:db8::7"):
                caller = known.of(peer, through("203.0.113.9", f"198.51.100.7, {client}"), NOON)
                assert caller.octets == address_octets(client)
                assert caller.source == keys.source(address_octets(client), NOON)
    assert known.of("10.0.0.1:1", through(), NOON).octets == address_octets("10.0.0.1")


def test_a_new_day_has_a_new_source_at_once(keys: SourceKeys) -> None:
    known = Callers(TrustedProxies([]), keys)
    midnight = (NOON // DAY_US + 1) * DAY_US
    before = known.of("192.0.2.1:1", through(), midnight - 1)
    after = known.of("192.0.2.1:1", through(), midnight)
    assert (before.source, after.source) == (
        keys.source(address_octets("192.0.2.1"), NOON),
        keys.source(address_octets("192.0.2.1"), midnight),
    )
    assert before.source != after.source


def test_a_peer_without_an_address_is_nobody(keys: SourceKeys) -> None:
    caller = Callers(TrustedProxies([]), keys).of("unix", through(), NOON)
    assert (caller.octets, caller.network, caller.source) == (b"", NOT_SEEN, b"")


def test_no_more_than_so_many_are_remembered(keys: SourceKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "REMEMBERED", 10)
    known = Callers(TrustedProxies([]), keys)
    for number in range(100):
        known.of(f"192.0.2.{number}:1", through(), NOON)
        assert len(known._known) <= 10
    known.forget()
    assert not known._known


def test_a_class_that_was_found_while_the_networks_changed_is_not_remembered(keys: SourceKeys) -> None:
    known = Callers(TrustedProxies([]), keys)

    class Changing(NetworkTable):
        def classify(self, address: bytes | str) -> str:
            known.use(NetworkTable([("192.0.2.0/24", "new")]))
            return super().classify(address)

    known.use(Changing([("192.0.2.0/24", "old")]))
    seen = [known.of("192.0.2.1:1", through(), NOON).network for _ in range(2)]
    assert seen == ["old", "new"]


def test_while_no_key_can_be_made_nobody_is_remembered_without_a_source(tmp_path: Path) -> None:
    (tmp_path / "source-keys").write_text("in the way")
    known = Callers(TrustedProxies([]), SourceKeys(tmp_path / "source-keys"))
    assert known.of("192.0.2.1:1", through(), NOON).source == b""
    (tmp_path / "source-keys").unlink()
    assert known.of("192.0.2.1:1", through(), NOON).source != b""
