"""Published lists: what is read of them, what is refused, and what they replace."""

import datetime
import ipaddress
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.verdicts.networks import NETWORKS, PACKAGED_TABLE
from backstamp.verdicts.published import (
    LISTS,
    ListCopy,
    PublishedListError,
    Updates,
    accept,
    decode_updates,
    encode_updates,
    freshness,
    list_named,
    read_prefixes,
    table_of,
)
from backstamp.verdicts.published.catalogue import Form

APPLE = (
    b"172.224.224.0/27,GB,GB-EN,London,\n2a02:26f7:b000:4000::/64,AT,AT-9,Vienna,\n172.224.240.32/31,US,,,\n"
)
GOOGLE = json.dumps(
    {
        "creationTime": "2026-11-01T22:00:09.000000",
        "prefixes": [{"ipv6Prefix": "2001:4860:4801:4000::/64"}, {"ipv4Prefix": "66.249.84.0/27"}],
    }
).encode()
MICROSOFT = json.dumps(
    [
        {
            "id": 1,
            "serviceArea": "Exchange",
            "urls": ["outlook.office.com"],
            "ips": ["13.107.6.152/31"],
            "tcpPorts": "443",
        },
        {
            "id": 9,
            "serviceArea": "Exchange",
            "urls": ["*.protection.outlook.com"],
            "ips": ["40.92.0.0/15", "2a01:111:f403::/48"],
        },
        {
            "id": 10,
            "serviceArea": "Exchange",
            "urls": ["*.mail.protection.outlook.com"],
            "ips": ["40.92.0.0/15"],
            "required": True,
        },
        {"id": 11, "serviceArea": "Common"},
    ]
).encode()


def copy(name: str, *prefixes: str, at: int = 0) -> ListCopy:
    return ListCopy(name=name, prefixes=prefixes, checked_at=at, changed_at=at)


@pytest.mark.parametrize(
    ("form", "data", "prefixes"),
    [
        (Form.CSV, APPLE, ("172.224.224.0/27", "172.224.240.32/31", "2a02:26f7:b000:4000::/64")),
        (Form.CSV, b"\xef\xbb\xbf# made today\r\n104.28.0.4/32,FR,,,\r\n", ("104.28.0.4/32",)),
        (Form.GOOGLE, GOOGLE, ("66.249.84.0/27", "2001:4860:4801:4000::/64")),
        (Form.MICROSOFT, MICROSOFT, ("40.92.0.0/15", "2a01:111:f403::/48")),
        (
            Form.TEXT,
            b"# robots\n91.108.56.0/22\n\n149.154.160.0/20 # dc\n",
            ("91.108.56.0/22", "149.154.160.0/20"),
        ),
    ],
)
def test_every_form_gives_its_networks_once_and_in_order(
    form: Form, data: bytes, prefixes: tuple[str, ...]
) -> None:
    assert read_prefixes(form, data) == prefixes


@pytest.mark.parametrize(
    ("form", "data", "why"),
    [
        (Form.CSV, APPLE[:-3], "line 3 ends early"),
        (Form.CSV, b"172.224.224.0/27,GB,GB-EN,London,\n172.224.240.0/2", "line 2 ends early"),
        (Form.CSV, b"<!doctype html>\n<p>Sorry</p>", "line 1 ends early"),
        (Form.CSV, b"\xff\xfe1\x00", "no csv list"),
        (Form.CSV, b"172.224.224.1/27,GB,,,\n", "'172.224.224.1/27' is no network"),
        (Form.CSV, b"0.0.0.0/0,GB,,,\n", "0.0.0.0/0 is wider"),
        (Form.TEXT, b"2000::/3\n", "2000::/3 is wider"),
        (Form.TEXT, b"10.0.0.0/8\n", "10.0.0.0/8 is wider"),
        (Form.GOOGLE, GOOGLE[:-9], "no google list"),
        (Form.GOOGLE, b'{"prefixes": [{"asn": 1}]}', "number 1 has no ipv4Prefix"),
        (Form.GOOGLE, b'{"prefixes": 7}', "no google list"),
        (Form.GOOGLE, b"[" * 100_000, "no google list"),
        (Form.MICROSOFT, b'{"error": "too many requests"}', "no microsoft list"),
    ],
)
def test_what_is_cut_off_or_of_another_form_is_refused_with_its_place(
    form: Form, data: bytes, why: str
) -> None:
    with pytest.raises(PublishedListError, match=r"^(?!.*\n)") as refused:
        read_prefixes(form, data)
    assert why in str(refused.value)


@given(st.sampled_from(Form), st.binary() | st.text().map(str.encode))
def test_any_bytes_are_a_list_or_are_refused(form: Form, data: bytes) -> None:
    try:
        found = read_prefixes(form, data)
    except PublishedListError:
        return
    assert all(ipaddress.ip_network(prefix) for prefix in found)


@given(st.integers(0, len(APPLE) - 1))
def test_a_list_that_ends_anywhere_never_makes_a_network_that_was_not_there(length: int) -> None:
    try:
        found = read_prefixes(Form.CSV, APPLE[:length])
    except PublishedListError:
        return
    assert set(found) <= set(read_prefixes(Form.CSV, APPLE))


def test_a_newer_copy_stands_for_the_packaged_networks_of_its_label_and_of_no_other() -> None:
    table = table_of(Updates((copy("apple-relay", "198.51.100.0/24", "2001:db8::/64"),)))
    assert table.classify("198.51.100.7") == table.classify("2001:db8::1") == "apple_relay"
    assert PACKAGED_TABLE.classify("172.225.6.18") == "apple_relay"
    assert table.classify("172.225.6.18") == ""
    assert table.classify("66.249.93.84") == "google_image_proxy"


def test_every_list_replaces_a_network_that_there_is_and_fits_it() -> None:
    assert len({each.name for each in LISTS}) == len({each.file for each in LISTS}) == len(LISTS) > 4
    for published in LISTS:
        assert NETWORKS[published.label].prefixes
        assert published.url.startswith("https://")
        assert list_named(published.file) == list_named(published.name) == published


def test_a_list_that_lost_more_than_half_is_not_believed_until_somebody_looked() -> None:
    published = LISTS[0]
    many = tuple(f"172.224.{n}.0/24" for n in range(256)) + tuple(f"172.225.{n}.0/24" for n in range(256))
    half, six = many[:255], ("2a02:26f7::/48",)
    known = copy("apple-relay", *many, *many, *six)
    accept(published, many * 2, copy("apple-relay", *many))
    for prefixes in (half * 3, many * 2):
        with pytest.raises(PublishedListError, match="less than half"):
            accept(published, prefixes, known)
        accept(published, prefixes, known, may_shrink=True)
    with pytest.raises(PublishedListError, match="fewer than"):
        accept(published, half, None, may_shrink=True)


def test_age_is_counted_from_the_last_look_and_from_the_package_before_the_first() -> None:
    noon = int(datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC).timestamp())
    updates = Updates((copy("apple-relay", "198.51.100.0/24", at=noon),))
    rows = {row.name: row for row in freshness(updates, datetime.date(2026, 12, 1))}
    assert (rows["apple-relay"].days, rows["apple-relay"].stale, rows["apple-relay"].updated) == (
        30,
        False,
        True,
    )
    assert rows["telegram"].as_of == NETWORKS["telegram"].date
    assert rows["telegram"].stale
    later = {row.name: row for row in freshness(updates, datetime.date(2026, 12, 2))}
    assert later["apple-relay"].stale


def test_updates_read_back_as_they_were_written_and_damage_is_told() -> None:
    updates = (
        Updates().replaced(copy("telegram", "91.108.56.0/22", at=7)).replaced(copy("apple-relay", "::/64"))
    )
    assert decode_updates(encode_updates(updates)) == updates
    assert [each.name for each in updates.replaced(copy("telegram")).lists] == ["apple-relay", "telegram"]
    for damaged in (b"", b"{", encode_updates(updates)[:-5], b'{"lists": 1}', b"\xff"):
        with pytest.raises(PublishedListError):
            decode_updates(damaged)
