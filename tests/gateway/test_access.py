"""Who may relay: nobody but our own, on any configuration that starts."""

import asyncio
import logging
import socket
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.gateway.access import Network, check_networks, contains, parse_address
from backstamp.gateway.addresses import parse_listen, parse_next_hop
from backstamp.gateway.checks import check_config
from backstamp.gateway.config import GatewayConfig, ProtectionConfig, Submission
from backstamp.gateway.delivering.outcomes import Outcomes
from backstamp.gateway.errors import ConfigError, ListenError
from backstamp.gateway.milter import MilterConfig
from backstamp.gateway.rewriter.config import RewritingLimits
from backstamp.vocabulary import TlsMode
from tests.gateway.certificates import Certificates
from tests.gateway.running import StartGateway

ipv4 = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(lambda n: IPv4Network(n, strict=False))
ipv6 = st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 128)).map(lambda n: IPv6Network(n, strict=False))


@given(st.lists(st.one_of(ipv4, ipv6), max_size=40))
def test_networks_that_are_let_through_hold_a_small_part_of_the_internet(networks: list[Network]) -> None:
    try:
        check_networks("gateway.trusted_networks", networks)
    except ConfigError:
        return
    # A thousand strangers, evenly spread: a 32nd of them may be inside, and some luck of the draw.
    strangers = [ip_address(n * (2**32 // 1000) + 12345) for n in range(1000)]
    assert sum(contains(networks, stranger) for stranger in strangers) <= 1000 / 32 + len(networks)
    assert not all(contains(networks, IPv6Address((0x2000 + n) << 112)) for n in range(0, 0x2000, 0x100))


@pytest.mark.parametrize(
    "networks",
    [
        ["0.0.0.0/0"],
        ["::/0"],
        ["0.0.0.0/1", "128.0.0.0/1"],
        ["2000::/3"],
        ["10.0.0.0/7"],
        [f"{n}.0.0.0/8" for n in range(256)],
        [f"{n}.0.0.0/8" for n in range(0, 256, 2)],
        [f"{n}.{m}.0.0/16" for n in range(1, 20) for m in range(256)],
        ["127.0.0.0/8", "0.0.0.0/0"],
    ],
)
def test_an_open_relay_does_not_start(networks: list[str]) -> None:
    with pytest.raises(ConfigError, match="open relay"):
        check_networks("gateway.trusted_networks", [ip_network(each) for each in networks])


def test_networks_that_people_have_to_themselves_are_let_through() -> None:
    usual = "127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10"
    usual += " ::1/128 fc00::/7 fe80::/10 2001:db8::/32"
    check_networks("gateway.trusted_networks", [ip_network(each) for each in usual.split()])


def test_ipv4_in_ipv6_clothes_is_the_ipv4_address() -> None:
    assert parse_address("::ffff:192.0.2.1") == ip_address("192.0.2.1")
    assert parse_address("fe80::1%eth0") == ip_address("fe80::1")
    assert parse_address("") is None
    assert not contains([ip_network("::/1")], parse_address("nobody"))


def config(folder: Path, **settings: object) -> GatewayConfig:
    values: dict[str, object] = {
        "hostname": "backstamp.example",
        "next_hop": "smtp://127.0.0.1:25",
        "outcomes": folder / "outcomes.db",
        "listen": "127.0.0.1:2525",
    }
    return GatewayConfig(**(values | settings))  # type: ignore[arg-type]


BROKEN: dict[str, tuple[dict[str, object], str]] = {
    "open relay": ({"trusted_networks": (ip_network("0.0.0.0/0"),)}, "gateway.trusted_networks: 0.0.0.0/0"),
    "open xclient": ({"xclient_networks": (ip_network("::/0"),)}, "gateway.xclient_networks: ::/0"),
    "next hop": ({"next_hop": "http://example.org"}, "gateway.next_hop is 'http://example.org'"),
    "itself": ({"next_hop": "smtp://localhost:2525"}, "round in circles"),
    "nowhere": ({"listen": ""}, "listens nowhere"),
    "tls on a socket": (
        {"next_hop": "lmtp+unix:/run/x", "next_hop_tls": TlsMode.REQUIRED},
        "Unix socket",
    ),
    "client ca": ({"client_ca": Path("ca.pem")}, "gateway.client_ca needs"),
    "certificate": ({"tls_certificate": Path("none.pem")}, "No such file"),
    "next hop ca": (
        {"next_hop_tls": TlsMode.REQUIRED, "next_hop_ca": Path("none.pem")},
        "gateway.next_hop_ca",
    ),
    "submission": ({"submission": Submission(upstream="mail.example:587", listen=":1")}, "listen is ':1'"),
    "submission tls": (
        {"submission": Submission(upstream="mail.example:587", listen="127.0.0.1:587")},
        "passwords travel over TLS only",
    ),
    "memory": ({"rewriting": RewritingLimits(memory_bytes=1000)}, "rewriting.memory_bytes"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_configuration_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    settings, said = BROKEN[name]
    with pytest.raises(ConfigError) as refused:
        check_config(config(tmp_path, **settings))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_the_port_that_was_to_be_had_is_told(
    gateway: StartGateway, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "backstamp.gateway"):
        running = await gateway("smtp://127.0.0.1:9", lmtp_listen="")
    port = running.gateway.ports["gateway.listen"]
    assert f"listens on 127.0.0.1:{port} (gateway.listen)" in caplog.messages


async def test_what_is_done_beside_the_mail_and_ends_unforeseen_is_told_at_once_and_begins_anew(
    gateway: StartGateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[int] = []

    def expire(_: Outcomes, *, now: int) -> None:
        done.append(now)
        raise KeyError("ann@example.org")

    monkeypatch.setattr(Outcomes, "expire", expire)
    monkeypatch.setattr("backstamp.gateway.server.ANEW_SECONDS", 0.01)
    await gateway("smtp://127.0.0.1:9")
    async with asyncio.timeout(20):
        while len(done) < 2:
            await asyncio.sleep(0.01)
    assert "outcomes: internal error KeyError in test_access.py" in caplog.text
    assert "ann@" not in caplog.text


@pytest.mark.parametrize("setting", ["listen", "protection.milter_listen", "submission.tls_listen"])
async def test_of_a_name_the_addresses_that_this_machine_has_are_listened_on(
    gateway: StartGateway,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    setting: str,
) -> None:
    ask = socket.getaddrinfo

    def answer(host: str, *asked: Any, **more: Any) -> list[Any]:
        hosts = ("127.0.0.1", "2001:db8::1") if host == "two.example" else (host,)
        return [each for ip in hosts for each in ask(ip, *asked, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    two = "two.example:0"
    settings: dict[str, dict[str, Any]] = {
        "listen": {"listen": two},
        "protection.milter_listen": {"protection": ProtectionConfig(milter=MilterConfig(listen=two))},
        "submission.tls_listen": {
            "submission": Submission(upstream="localhost:9", tls_listen=two),
            **certificates.settings,
        },
    }
    running = await gateway("smtp://127.0.0.1:9", **settings[setting])
    name = setting if "." in setting else f"gateway.{setting}"
    with socket.create_connection(("127.0.0.1", running.gateway.ports[name])):
        pass
    assert f"{name}: not on 2001:db8::1, which two.example is and this machine has not" in caplog.messages


async def test_an_address_that_is_not_this_machines_is_said_to_be_that(gateway: StartGateway) -> None:
    with pytest.raises(ListenError) as refused:
        await gateway("smtp://127.0.0.1:9", listen="192.0.2.1:2525")
    assert str(refused.value) == (
        "gateway.listen: cannot listen on 192.0.2.1:2525: Cannot assign requested address; "
        "write an address that this machine has"
    )


def test_a_plain_configuration_is_good(tmp_path: Path) -> None:
    check_config(config(tmp_path))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("smtp://mail.example", "smtp://mail.example:25"),
        ("smtp://mail.example:2525/", "smtp://mail.example:2525"),
        ("smtps://mail.example", "smtps://mail.example:465"),
        ("lmtp://[::1]:24", "lmtp://[::1]:24"),
        ("lmtp+unix:/run/dovecot/lmtp", "lmtp+unix:/run/dovecot/lmtp"),
    ],
)
def test_next_hops_are_read(text: str, written: str) -> None:
    assert str(parse_next_hop("x", text)) == written


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (lambda text: parse_next_hop("x", text), "smtp://"),
        (lambda text: parse_next_hop("x", text), "smtp://a:99999"),
        (lambda text: parse_next_hop("x", text), "smtp://user@host:25"),
        (lambda text: parse_next_hop("x", text), "lmtp+unix:relative"),
        (lambda text: parse_listen("x", text), "2525"),
        (lambda text: parse_listen("x", text), "::1:2525"),
    ],
)
def test_what_cannot_be_read_is_said(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(ConfigError):
        parse(text)
