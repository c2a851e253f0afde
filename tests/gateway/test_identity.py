"""Who a client is: networks, TLS certificates, XCLIENT, XFORWARD; and TLS on both sides."""

import asyncio
import ssl
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import trustme

from backstamp.gateway.access import party_of
from backstamp.gateway.rewriter.pool import BusyError
from backstamp.vocabulary import TlsMode
from tests.gateway.certificates import Certificates
from tests.gateway.client import Client
from tests.gateway.fake_next_hop import OFFERS
from tests.gateway.running import HTML, NOTHING, TEXT, StartGateway, StartNextHop

NOBODY = {"trusted_networks": (), "xclient_networks": ()}


async def tls_client(client: Client, context: ssl.SSLContext) -> str:
    """STARTTLS, and EHLO again; returns its reply."""
    assert (await client.say("STARTTLS")).startswith("220 ")
    await client.writer.start_tls(context, server_hostname="localhost")
    return await client.say("EHLO client.example")


async def test_a_stranger_is_told_so_at_mail_and_costs_no_connection_to_the_next_hop(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    client = await (await gateway(hop, **NOBODY)).client()
    hello = await client.begin()
    assert "DSN" not in hello
    assert "XCLIENT" not in hello
    assert await client.say("MAIL FROM:<ann@example.org>") == "554 5.7.1 Relay access denied"
    assert await client.say("XCLIENT ADDR=127.0.0.1") == "554 5.7.1 Relay access denied"
    assert await client.say("XFORWARD ADDR=127.0.0.1") == "554 5.7.1 Relay access denied"
    assert hop.connections == 0


async def test_whose_mail_waits_for_whom_goes_by_the_client_that_it_first_came_from(
    gateway: StartGateway, next_hop: StartNextHop, monkeypatch: pytest.MonkeyPatch
) -> None:
    parties = list[object]()
    running = await gateway(await next_hop())

    async def busy(request: object, raw: bytes, party: object) -> object:
        parties.append(party)
        raise BusyError

    monkeypatch.setattr(running.gateway._rewriter, "rewrite", busy)
    client = await running.client()
    await client.begin()
    for told in ("", "XFORWARD ADDR=192.0.2.1", "XFORWARD ADDR=IPV6:2001:db8::7", "XFORWARD NAME=a.example"):
        if told:
            await client.say(told)
        assert (await client.send_mail(HTML + b".\r\n", "bob@example.net"))[0].startswith("250 ")
    ours = party_of(ip_address("127.0.0.1"))
    assert parties == [ours, (4, 0xC0000201), (6, 0x20010DB800000000), ours]


async def test_a_certificate_of_our_ca_lets_relay(
    gateway: StartGateway, next_hop: StartNextHop, certificates: Certificates
) -> None:
    hop = await next_hop()
    ours = trustme.CA()
    ours.cert_pem.write_to_path(certificates.ca.parent / "ours.pem")
    running = await gateway(
        hop, NOTHING, **NOBODY, **certificates.settings, client_ca=certificates.ca.parent / "ours.pem"
    )
    client = await running.client()
    assert "STARTTLS" in await client.begin()
    hello = await tls_client(client, certificates.client_context(shows=ours))
    assert "DSN" in hello
    assert "STARTTLS" not in hello
    assert (await client.send_mail(TEXT + b".\r\n", "bob@example.net"))[0].startswith("250 ")
    assert b" with ESMTPS id " in hop.accepted[0].data

    client = await running.client()
    await client.begin()
    await tls_client(client, certificates.client_context())
    assert (await client.say("MAIL FROM:<ann@example.org>")).startswith("554 5.7.1 ")

    client = await running.client()
    await client.begin()
    with pytest.raises((ConnectionError, ssl.SSLError)):
        await tls_client(client, certificates.client_context(shows=trustme.CA()))


async def test_what_was_said_before_tls_is_forgotten(
    gateway: StartGateway, next_hop: StartNextHop, certificates: Certificates
) -> None:
    """CVE-2011-0411: commands injected in plain text must not be carried out inside TLS."""
    running = await gateway(await next_hop(), NOTHING, **certificates.settings)
    client = await running.client()
    await client.begin()
    await client.send(b"STARTTLS\r\nMAIL FROM:<injected@example.org>\r\n")
    assert (await client.reply()).startswith("220 ")
    await client.writer.start_tls(certificates.client_context(), server_hostname="localhost")
    assert (await client.say("MAIL FROM:<ann@example.org>")).startswith("503 5.5.1 ")
    assert (await client.say("EHLO client.example")).startswith("250-")
    assert (await client.say("MAIL FROM:<ann@example.org>")).startswith("250 ")


async def test_a_handshake_that_fails_ends_the_connection_and_nothing_else(
    gateway: StartGateway, next_hop: StartNextHop, certificates: Certificates
) -> None:
    running = await gateway(await next_hop(), NOTHING, **certificates.settings)
    client = await running.client()
    await client.begin()
    await client.say("STARTTLS")
    await client.send(b"this is no handshake\r\n" * 10)
    assert b"250" not in await asyncio.wait_for(client.reader.read(), 10)
    client = await running.client()
    assert "STARTTLS" in await client.begin()


async def test_xclient_takes_on_the_rights_of_the_client_that_is_named(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    running = await gateway(await next_hop(), NOTHING)
    client = await running.client()
    await client.begin()
    assert (await client.say("XCLIENT ADDR=192.0.2.7 NAME=spammer.example")).startswith("220 ")
    assert "DSN" not in await client.say("EHLO spammer.example")
    assert (await client.say("MAIL FROM:<ann@example.org>")).startswith("554 5.7.1 ")
    assert (await client.say("XCLIENT LOGIN=ann")).startswith("220 ")
    await client.say("EHLO client.example")
    assert (await client.say("MAIL FROM:<ann@example.org>")).startswith("250 ")


async def test_xforward_is_handed_on_where_the_next_hop_takes_it(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(offers=(*OFFERS, "XFORWARD NAME ADDR PROTO HELO SOURCE"))
    client = await (await gateway(hop, NOTHING)).client()
    await client.begin()
    assert await client.say("XFORWARD NAME=far.example ADDR=IPv6:2001:db8::7 PORT=25") == "250 2.0.0 Ok"
    assert await client.say("XFORWARD HELO=a+2Bb SOURCE=REMOTE") == "250 2.0.0 Ok"
    await client.send_mail(TEXT + b".\r\n", "bob@example.net")
    assert [line for line in hop.commands if line.startswith("XFORWARD")] == [
        "XFORWARD NAME=far.example ADDR=IPv6:2001:db8::7 HELO=a+2Bb SOURCE=REMOTE"
    ]


@pytest.mark.parametrize("end", ["message", "RSET", "EHLO again.example"])
async def test_what_xforward_told_is_of_one_transaction(
    gateway: StartGateway, next_hop: StartNextHop, end: str
) -> None:
    hop = await next_hop(offers=(*OFFERS, "XFORWARD NAME ADDR"))
    client = await (await gateway(hop, NOTHING)).client()
    await client.begin()
    await client.say("XFORWARD NAME=far.example ADDR=192.0.2.7")
    if end == "message":
        await client.send_mail(TEXT + b".\r\n", "bob@example.net")
    else:
        assert (await client.say(end)).startswith("250")
    await client.send_mail(TEXT + b".\r\n", "bob@example.net")
    told = [line for line in hop.commands if line.startswith("XFORWARD")]
    assert told[-1] == "XFORWARD ADDR=127.0.0.1", "it is Postfix's way, too"
    assert told[:-1] == (["XFORWARD NAME=far.example ADDR=192.0.2.7"] if end == "message" else [])


async def test_a_name_that_is_too_long_is_none(gateway: StartGateway, next_hop: StartNextHop) -> None:
    hop = await next_hop(offers=(*OFFERS, "XFORWARD HELO"))
    client = await (await gateway(hop, NOTHING)).client()
    await client.begin(f"EHLO {'h' * 256}")
    await client.envelope("bob@example.net")
    assert "XFORWARD HELO=[UNAVAILABLE]" in hop.commands


async def test_whatever_a_client_of_postfix_calls_itself_is_handed_on_or_left_out(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(offers=(*OFFERS, "XFORWARD NAME HELO"))
    client = await (await gateway(hop)).client()
    await client.begin()
    for helo in ("a=b+2Bc", "h" * 300):
        assert await client.say(f"XFORWARD NAME=far.example HELO={helo}") == "250 2.0.0 Ok"
        assert await client.envelope("bob@example.net") == ["250 2.1.5 Ok"]
        await client.say("RSET")
    assert [line for line in hop.commands if line.startswith("XFORWARD")] == [
        "XFORWARD NAME=far.example HELO=a+3Db+2Bc",
        "XFORWARD NAME=far.example HELO=[UNAVAILABLE]",
    ]


async def test_without_xforward_of_its_own_the_client_is_named_as_we_see_it(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(offers=(*OFFERS, "XFORWARD ADDR HELO PROTO"))
    client = await (await gateway(hop, NOTHING)).client()
    await client.begin()
    await client.send_mail(TEXT + b".\r\n", "bob@example.net")
    assert "XFORWARD ADDR=127.0.0.1 HELO=client.example PROTO=ESMTP" in hop.commands


async def test_dsn_parameters_and_utf8_addresses_pass_through(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    client = await (await gateway(hop)).client()
    await client.begin()
    await client.say("MAIL FROM:<jürgen@exämple.org> SMTPUTF8 BODY=8BITMIME RET=HDRS ENVID=e1")
    await client.say("RCPT TO:<b@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a@example.net")
    await client.data(TEXT + b".\r\n")
    (mail,) = hop.accepted
    assert mail.mail == "MAIL FROM:<jürgen@exämple.org> SMTPUTF8 BODY=8BITMIME RET=HDRS ENVID=e1"
    assert mail.rcpts == ["RCPT TO:<b@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a@example.net"]
    assert b" with UTF8SMTP id " in mail.data


async def test_only_what_the_next_hop_offers_is_offered(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    running = await gateway(
        await next_hop(offers=("SIZE 1234", "SMTPUTF8", "CHUNKING", "X-OWN")), max_size=5000
    )
    client = await running.client()
    offered = (await client.begin()).split("\n")[1:]
    assert [line[4:] for line in offered if "XCLIENT" not in line and "XFORWARD" not in line] == [
        "PIPELINING",
        "SIZE 1234",
        "SMTPUTF8",
    ]


async def test_a_next_hop_without_pipelining_gets_one_command_at_a_time(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(offers=())
    client = await (await gateway(hop)).client()
    await client.begin()
    assert (await client.say("MAIL FROM:<ann@example.org> SIZE=300")).startswith("250 ")
    assert (await client.say("RCPT TO:<bob@example.net>")).startswith("250 ")
    assert (await client.data(HTML + b".\r\n"))[0].startswith("250 ")
    # It offered no SIZE, so it is told none, neither at first nor with the copy.
    assert [line for line in hop.commands if line[:4] == "MAIL"] == ["MAIL FROM:<ann@example.org>"] * 2


@pytest.mark.parametrize("mode", list(TlsMode))
@pytest.mark.parametrize("offered", [True, False])
async def test_tls_with_the_next_hop(
    gateway: StartGateway, next_hop: StartNextHop, certificates: Certificates, mode: TlsMode, offered: bool
) -> None:
    offers = (*OFFERS, "STARTTLS") if offered else OFFERS
    hop = await next_hop(offers=offers, tls=certificates.server_context())
    settings = {"next_hop_tls": mode, "next_hop_ca": certificates.ca}
    client = await (await gateway(hop, NOTHING, **settings)).client()
    if mode is TlsMode.REQUIRED and not offered:
        assert (await client.reply()).startswith("421 4.7.5 ")
    else:
        await client.begin()
        assert (await client.send_mail(TEXT + b".\r\n", "bob@example.net"))[0].startswith("250 ")
        assert ("STARTTLS" in hop.commands) == (offered and mode is not TlsMode.NONE)


async def test_a_certificate_that_does_not_verify_is_refused_where_tls_is_required(
    gateway: StartGateway, next_hop: StartNextHop, certificates: Certificates, tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    hop = await next_hop(offers=(*OFFERS, "STARTTLS"), tls=certificates.server_context())
    running = await gateway(hop, next_hop_tls=TlsMode.REQUIRED, next_hop_ca=tmp_path / "other.pem")
    client = await running.client()
    assert (await client.reply()).startswith("421 4.7.5 ")
    assert hop.accepted == []


async def test_what_somebody_said_in_the_next_hops_name_before_tls_is_forgotten(
    gateway: StartGateway, next_hop: StartNextHop, certificates: Certificates
) -> None:
    """CVE-2021-38371: an EHLO reply injected in plain text must not be taken for that inside TLS."""
    hop = await next_hop(
        offers=(*OFFERS, "STARTTLS"),
        tls=certificates.server_context(),
        script={"STARTTLS": ["220 2.0.0 go\n250-injected.example\n250 SIZE 1"]},
    )
    running = await gateway(hop, next_hop_tls=TlsMode.REQUIRED, next_hop_ca=certificates.ca)
    client = await running.client()
    assert "SIZE 10240000" in await client.begin()
    assert (await client.send_mail(TEXT + b".\r\n", "bob@example.net"))[0].startswith("250 ")
    assert [each for each in hop.commands if each.startswith(("EHLO", "STARTTLS"))] == [
        *("EHLO backstamp.example", "STARTTLS", "EHLO backstamp.example"),
    ]


async def test_opportunistic_tls_that_fails_is_done_without(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    broken = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # no certificate: every handshake fails
    hop = await next_hop(offers=(*OFFERS, "STARTTLS"), tls=broken)
    client = await (await gateway(hop, NOTHING)).client()
    await client.begin()
    assert (await client.send_mail(TEXT + b".\r\n", "bob@example.net"))[0].startswith("250 ")
    assert hop.connections == 2


async def test_too_many_connections_are_turned_away(gateway: StartGateway, next_hop: StartNextHop) -> None:
    running = await gateway(await next_hop(), max_connections=1)
    first = await running.client()
    await first.begin()
    second = await running.client()
    assert (await second.reply()).startswith("421 4.7.0 Too many connections")
    first.close()
    second.close()


async def test_strangers_who_hold_all_the_connections_that_they_get_keep_nobody_else_out(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    running = await gateway(
        await next_hop(),
        max_connections=4,
        trusted_networks=(ip_network("127.0.0.2/32"),),
        xclient_networks=(ip_network("127.0.0.3/32"),),
    )
    sources = ("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.2")
    heard = [await (await running.client(source=each)).reply() for each in sources]
    assert [each[:3] for each in heard] == ["220", "220", "421", "220", "220", "421"]


async def test_ipv6_networks_and_clients(gateway: StartGateway, next_hop: StartNextHop) -> None:
    running = await gateway(
        await next_hop(), NOTHING, listen="[::1]:0", trusted_networks=(ip_network("::1/128"),)
    )
    client = await running.client(host="::1")
    await client.begin()
    assert (await client.send_mail(TEXT + b".\r\n", "bob@example.net"))[0].startswith("250 ")


async def test_a_client_that_asks_for_what_this_port_does_not_do_is_told_so(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    running = await gateway(await next_hop())
    client = await running.client()
    hello = await client.begin()
    assert not {"STARTTLS", "AUTH"} & set(hello)
    assert await client.say("STARTTLS") == "502 5.5.1 This port has no certificate, so no TLS"
    for command in ("AUTH PLAIN AGFubgBzZWNyZXQ=", "AUTH LOGIN", "AUTH"):
        assert await client.say(command) == "502 5.5.1 Nobody signs in on this port"
    assert (await client.send_mail(TEXT + b".\r\n", "bob@example.net"))[0].startswith("250 ")
