"""Only what our own proxies appended says who the client is."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.edge.recording.client_address import TrustedProxies, address_octets, address_text, peer_octets

PROXIES = TrustedProxies([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])


def octets(text: str) -> bytes:
    return ip_address(text).packed


trusted = st.integers(0, 2**24 - 1).map(lambda n: f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
strangers = st.ip_addresses(v=4, network="198.51.100.0/24").map(str) | st.ip_addresses(
    v=6, network="2001:db8::/32"
).map(str)
rubbish = st.text(st.characters(codec="latin-1"), max_size=20) | trusted | strangers


@given(
    client=strangers,
    forged=st.lists(rubbish, max_size=5),
    chain=st.lists(trusted, max_size=4),
    cut=st.integers(0, 9),
)
@settings(max_examples=300)
def test_nothing_that_the_client_sends_itself_ever_wins(
    client: str, forged: list[str], chain: list[str], cut: int
) -> None:
    # Each proxy appends the peer it saw: the client, then the proxies before it.
    peer, *seen = [*reversed(chain), client]
    entries = [*forged, *reversed(seen)]
    lines = [", ".join(part) for part in (entries[:cut], entries[cut:]) if part]
    found = PROXIES.client(octets(peer), lines)
    assert found == octets(client)


@given(peer=strangers, lines=st.lists(rubbish, max_size=5))
@settings(max_examples=200)
def test_a_peer_that_is_no_proxy_of_ours_is_the_client(peer: str, lines: list[str]) -> None:
    assert PROXIES.client(octets(peer), lines) == octets(peer)
    assert TrustedProxies([]).client(octets("10.0.0.1"), lines) == octets("10.0.0.1")


@pytest.mark.parametrize("entry", ["unknown", "", "_hidden", "1.2.3", "1.2.3.4.5", "2001:db8::1:443x", "-"])
def test_an_entry_that_is_no_address_ends_the_walk_at_the_proxy_that_wrote_it(entry: str) -> None:
    assert PROXIES.client(octets("10.0.0.1"), [f"198.51.100.1, {entry}, 10.9.9.9"]) == octets("10.9.9.9")
    assert PROXIES.client(octets("10.0.0.1"), [f"198.51.100.1, {entry}"]) == octets("10.0.0.1")


def test_when_all_are_proxies_the_leftmost_is_the_client() -> None:
    assert PROXIES.client(octets("10.0.0.1"), ["10.0.0.3, 10.0.0.2"]) == octets("10.0.0.3")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("198.51.100.1:4711", "198.51.100.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_addresses_as_proxies_write_them(text: str, address: str) -> None:
    assert address_text(address_octets(text)) == address


@given(text=st.text(max_size=60))
def test_any_text_is_an_address_or_none(text: str) -> None:
    assert len(address_octets(text)) in {0, 4, 16}


@given(address=st.ip_addresses(), port=st.integers(0, 65_535))
def test_the_peer_of_any_connection_is_read(address: IPv4Address | IPv6Address, port: int) -> None:
    peer = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    assert peer_octets(peer) == (mapped or address).packed


@pytest.mark.parametrize("network", [IPv4Network("0.0.0.0/0"), IPv6Network("::/0")])
def test_a_network_of_everybody_is_taken_at_its_word(network: IPv4Network | IPv6Network) -> None:
    peer = network[1].packed
    assert (
        TrustedProxies([network]).client(peer, ["198.51.100.1" if network.version == 6 else "2001:db8::1"])
        != peer
    )
