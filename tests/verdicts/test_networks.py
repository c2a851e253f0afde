"""Address to label."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.verdicts import NetworkTable
from backstamp.verdicts.networks import NETWORKS, PACKAGED_TABLE


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("66.249.93.84", "google_image_proxy"),
        ("66.249.84.66", "google_fetchers"),
        ("66.249.92.1", "google_special_crawlers"),
        ("108.177.2.32", "google_special_crawlers"),
        ("2001:4860:4801:4041::f", "google_image_proxy"),
        ("172.225.6.18", "apple_relay"),
        ("2a02:26f7:c8c0::12", "apple_relay"),
        ("17.22.14.10", ""),
        ("40.94.89.23", "microsoft_detonation"),
        ("104.47.55.126", "microsoft_eop"),
        ("104.47.128.1", ""),
        ("52.97.10.21", "microsoft_cloud"),
        ("209.222.82.10", "barracuda"),
        ("70.42.131.106", "palo_alto"),
        ("70.42.131.107", ""),
        ("64.74.215.138", "marketo_bot_list"),
        ("64.74.215.137", "marketo_bot_range"),
        ("104.129.41.4", ""),
        ("192.178.5.3", "google_crawlers"),
        ("2001:4860:4801:2::1", "google_crawlers"),
        ("67.231.149.1", "proofpoint"),
        ("205.139.110.66", "mimecast"),
        ("199.16.197.1", "trellix"),
        ("165.225.72.39", "zscaler"),
        ("127.0.0.1", "private"),
        ("::1", "private"),
        ("fe80::1%eth0", "private"),
        ("203.0.113.9", ""),
        ("", ""),
        ("not an address", ""),
        ("66.249.93.84\x00", ""),
        ("1.2.3", ""),
    ],
)
def test_known_addresses_have_their_label(address: str, label: str) -> None:
    assert PACKAGED_TABLE.classify(address) == label


def test_octets_and_mapped_addresses_mean_the_same_as_text() -> None:
    assert PACKAGED_TABLE.classify(bytes([66, 249, 93, 84])) == "google_image_proxy"
    assert PACKAGED_TABLE.classify("::ffff:66.249.93.84") == "google_image_proxy"
    assert PACKAGED_TABLE.classify(ipaddress.ip_address("::ffff:66.249.93.84").packed) == "google_image_proxy"
    assert PACKAGED_TABLE.classify(b"12345") == ""


def test_the_longest_prefix_wins_whatever_the_order() -> None:
    rows = [("10.0.0.0/8", "wide"), ("10.1.0.0/16", "mid"), ("10.1.1.0/24", "near"), ("10.1.0.0/24", "first")]
    for order in (rows, rows[::-1]):
        table = NetworkTable(order)
        found = [table.classify(f"10.{rest}") for rest in ("0.0.1", "1.0.1", "1.1.255", "1.2.0", "2.0.0")]
        assert found == ["wide", "first", "near", "mid", "wide"]
        assert table.classify("9.255.255.255") == table.classify("11.0.0.0") == ""


_prefixes = st.builds(
    lambda number, bits: ipaddress.ip_network((number, bits), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(4, 32),
)


@given(st.lists(_prefixes, max_size=30), st.data())
def test_the_table_agrees_with_looking_through_all_prefixes(
    prefixes: list[ipaddress.IPv4Network], data: st.DataObject
) -> None:
    table = NetworkTable((str(net), str(net)) for net in prefixes)
    near = [int(net.network_address) - 1 for net in prefixes] + [
        int(net.broadcast_address) for net in prefixes
    ]
    known = st.sampled_from(near).map(lambda n: n % 2**32) if near else st.nothing()
    address = ipaddress.IPv4Address(data.draw(known | st.integers(0, 2**32 - 1)))
    holding = [net for net in prefixes if address in net]
    expected = str(max(holding, key=lambda net: net.prefixlen)) if holding else ""
    assert table.classify(str(address)) == expected
    assert table.classify(f"::ffff:{address}") == expected


@given(st.text(max_size=60) | st.binary(max_size=20))
def test_whatever_is_no_address_has_a_label_all_the_same(address: str | bytes) -> None:
    assert PACKAGED_TABLE.classify(address) in {"", *NETWORKS}


def test_a_prefix_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="host bits"):
        NetworkTable([("10.0.0.1/8", "x")])


def test_every_entry_names_its_source_and_holds_something() -> None:
    for net in NETWORKS.values():
        assert net.source, net.label
        assert net.prefixes or net.asns or net.ptr, net.label
        assert all(form.count("*") == 1 for form in net.ptr), net.label
