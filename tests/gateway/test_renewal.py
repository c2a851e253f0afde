"""A certificate that is renewed while the gateway runs."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from backstamp.gateway import renewal
from tests.gateway.client import Client
from tests.gateway.running import NOTHING, TEXT, Running, StartGateway, StartNextHop


def issue(
    authority: trustme.CA, chain: Path, key: Path, key_type: trustme.KeyType = trustme.KeyType.ECDSA
) -> int:
    """Write a new certificate and its key, one file after the other; return its serial number."""
    issued = authority.issue_cert("localhost", key_type=key_type)
    issued.cert_chain_pems[0].write_to_path(str(chain))
    issued.private_key_pem.write_to_path(str(key))
    return x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes()).serial_number


async def secure(client: Client, authority: trustme.CA) -> int:
    """Begin TLS; return the serial number of the certificate that was shown."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    await client.begin()
    await client.say("STARTTLS")
    await client.writer.start_tls(context, server_hostname="localhost")
    der = client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(der).serial_number


async def until_shown(running: Running, authority: trustme.CA, serial: int) -> None:
    async with asyncio.timeout(20):
        while await secure(await running.client(), authority) != serial:
            await asyncio.sleep(0.05)


async def test_a_renewed_certificate_is_shown_and_connections_that_stand_stay(
    gateway: StartGateway, next_hop: StartNextHop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "LOOK_SECONDS", 0.05)
    authority, chain, key = trustme.CA(), tmp_path / "chain.pem", tmp_path / "key.pem"
    first = issue(authority, chain, key)
    running = await gateway(await next_hop(), NOTHING, tls_certificate=chain, tls_key=key)
    before = await running.client()
    assert await secure(before, authority) == first
    chain.write_bytes(b"in the midst of being written")
    await asyncio.sleep(0.3)
    assert await secure(await running.client(), authority) == first
    second = issue(authority, chain, key)
    await until_shown(running, authority, second)
    await before.say("EHLO client.example")
    assert (await before.send_mail(TEXT + b".\r\n", "bob@example.net"))[0].startswith("250 ")


async def test_a_certificate_with_another_kind_of_key_takes_the_place_of_the_old_one(
    gateway: StartGateway, next_hop: StartNextHop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "LOOK_SECONDS", 0.05)
    authority, chain, key = trustme.CA(), tmp_path / "chain.pem", tmp_path / "key.pem"
    issue(authority, chain, key, trustme.KeyType.ECDSA)
    running = await gateway(await next_hop(), NOTHING, tls_certificate=chain, tls_key=key)
    await until_shown(running, authority, issue(authority, chain, key, trustme.KeyType.RSA))


async def test_where_the_clients_ca_cannot_be_read_the_renewed_certificate_waits(
    gateway: StartGateway,
    next_hop: StartNextHop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(renewal, "LOOK_SECONDS", 0.05)
    authority, chain, key = trustme.CA(), tmp_path / "chain.pem", tmp_path / "key.pem"
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    first = issue(authority, chain, key)
    running = await gateway(await next_hop(), NOTHING, tls_certificate=chain, tls_key=key, client_ca=ca)
    ca.rename(tmp_path / "away.pem")
    second = issue(authority, chain, key)
    async with asyncio.timeout(20):
        while "the renewed certificate is not in use yet: gateway.client_ca: " not in caplog.text:
            await asyncio.sleep(0.05)
    assert await secure(await running.client(), authority) == first
    (tmp_path / "away.pem").rename(ca)
    await until_shown(running, authority, second)
    assert caplog.text.count("not in use yet") == 1
