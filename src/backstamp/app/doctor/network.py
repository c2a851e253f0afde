"""The network: the next hop, and the tracking host's name and certificate."""

import errno
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from backstamp.app.doctor.findings import SECONDS, Finding, good, note, wrong
from backstamp.app.settings import Settings
from backstamp.app.settings.addresses import split_host_port
from backstamp.app.settings.table import (
    CONSOLE_URL,
    EDGE_TLS_CERTIFICATE,
    EDGE_TLS_KEY,
    GATEWAY_CLIENT_CA,
    GATEWAY_NEXT_HOP,
    GATEWAY_NEXT_HOP_CA,
    GATEWAY_NEXT_HOP_TLS,
    PROTECTION_NEXT_HOP,
    PROTECTION_PGP_KEYRING,
    PROTECTION_SMIME_CA,
    REPORTS_IMAP_CA,
    SUBMISSION_UPSTREAM_CA,
    TRACKING_URL,
    Setting,
)
from backstamp.app.wiring.own_name import own_name as name_of
from backstamp.certificate import Certificate
from backstamp.listening import addresses
from backstamp.vocabulary import TlsMode

RENEW_DAYS: Final = 14
"""ACME clients renew 30 days before the end; fewer than 14 left means that renewal fails."""
MOST_ADDRESSES: Final = 4
"""Of a name; each may take `SECONDS`."""
_NO_WAY: Final = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""Of a machine without IPv6, say."""
LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def next_hop(settings: Settings) -> Iterator[Finding]:
    """Do the next hops of sent and of received mail greet us, and is their TLS as we demand?"""
    if settings[GATEWAY_NEXT_HOP]:
        yield from _hop(settings, "next hop", GATEWAY_NEXT_HOP)
    else:
        yield note(
            "next hop",
            "none: all sent mail stays in the built-in test mailbox",
            'set gateway.next_hop if mail is to leave this machine, for example "smtp://127.0.0.1:25"',
        )
    if settings[PROTECTION_NEXT_HOP]:
        yield from _hop(settings, "next hop of received mail", PROTECTION_NEXT_HOP)


def own_name(settings: Settings) -> Iterator[Finding]:
    """Where mail really leaves: is our name one by which a server on the Internet may be called?"""
    name = name_of(settings)
    leaves = settings[GATEWAY_NEXT_HOP] or settings[PROTECTION_NEXT_HOP]
    if leaves and ("." not in name.strip(".") or name.lower().startswith("localhost.")):
        yield note(
            "own name",
            f"{name} is no full name: some servers refuse it in a greeting, and Received says nothing",
            'set gateway.hostname to a public name of this machine, for example "mx.example.org"',
        )


def _hop(settings: Settings, subject: str, setting: Setting[str]) -> Iterator[Finding]:
    target = settings[setting]
    if target.startswith("lmtp+unix:"):
        path = Path(target.removeprefix("lmtp+unix:"))
        if path.is_socket():
            yield good(subject, f"{path} is there")
        else:
            yield wrong(subject, f"{path} is no socket", f"start the mail server, or correct {setting.name}")
        return
    scheme, _, address = target.partition("://")
    host, port = split_host_port(address)
    try:
        yield from _greeting(settings, subject, scheme, host, port)
    except ssl.SSLCertVerificationError as error:
        yield wrong(
            subject,
            f"{address}: its certificate is not accepted ({error.verify_message})",
            "correct it, name its CA in gateway.next_hop_ca, or set gateway.next_hop_tls to opportunistic",
        )
    except ssl.SSLError as error:
        yield wrong(
            subject,
            f"{address} and we agree on no TLS ({error.reason or 'it ended the connection'})",
            f"write smtp:// in {setting.name} where TLS begins with STARTTLS, or look at TLS there",
        )
    except smtplib.SMTPHeloError as error:
        yield wrong(
            subject,
            f"{address} does not understand our greeting ({error.smtp_code})",
            f"write lmtp:// in {setting.name} where LMTP is spoken, and smtp:// where SMTP is",
        )
    except smtplib.SMTPResponseException as error:
        yield wrong(subject, f"{address} refuses us with {error.smtp_code}", "let this machine relay there")
    except (OSError, smtplib.SMTPException) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "no proper greeting"
        yield wrong(
            subject,
            f"{address} does not answer ({why})",
            f"start the mail server, or correct {setting.name}",
        )


def _greeting(settings: Settings, subject: str, scheme: str, host: str, port: int) -> Iterator[Finding]:
    ca = settings[GATEWAY_NEXT_HOP_CA]
    # `trusted_files` tells of one that is not there.
    context = ssl.create_default_context(cafile=str(ca) if ca and ca.is_file() else None)
    required = settings[GATEWAY_NEXT_HOP_TLS] is TlsMode.REQUIRED
    client: smtplib.SMTP
    if scheme == "smtps":
        client = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
    elif scheme == "lmtp":
        client = smtplib.LMTP(host, port)
    else:
        client = smtplib.SMTP(host, port, timeout=SECONDS)
    with client:
        client.ehlo_or_helo_if_needed()
        offers_tls = client.has_extn("starttls")
        if required and scheme != "smtps":
            if not offers_tls:
                yield wrong(
                    subject,
                    f"{host}:{port} offers no STARTTLS, and gateway.next_hop_tls is required",
                    "switch TLS on there, or set gateway.next_hop_tls to opportunistic",
                )
                return
            client.starttls(context=context)
        yield good(subject, f"{host}:{port} answers{' with TLS' if offers_tls or scheme == 'smtps' else ''}")


TRUSTED: Final = (
    GATEWAY_CLIENT_CA,
    GATEWAY_NEXT_HOP_CA,
    SUBMISSION_UPSTREAM_CA,
    PROTECTION_SMIME_CA,
    PROTECTION_PGP_KEYRING,
    REPORTS_IMAP_CA,
)


def trusted_files(settings: Settings) -> Iterator[Finding]:
    """Are the files there that say whom we trust? A role that may not need one starts without it."""
    for setting in TRUSTED:
        path = settings[setting]
        if path is not None and not path.is_file():
            yield wrong(setting.name, f"there is no file {path}", f"put it there, or correct {setting.name}")


def own_certificate(settings: Settings) -> Iterator[Finding]:
    """Can the edge use the certificate that it is given?"""
    chain, key = settings[EDGE_TLS_CERTIFICATE], settings[EDGE_TLS_KEY]
    if chain is None or key is None:
        return
    if fault := Certificate(chain, key).fault():
        yield wrong(
            "edge.tls_certificate",
            f"{chain} and {key} cannot be used ({fault})",
            "give a PEM chain and its key (docs/tracking-host.md)",
        )


def console_address(settings: Settings) -> Iterator[Finding]:
    """Do passwords travel over TLS?"""
    url = urlsplit(settings[CONSOLE_URL])
    if url.scheme != "https" and url.hostname not in LOCAL_NAMES:
        yield wrong(
            "console",
            f"{settings[CONSOLE_URL]} is not https: anyone on the way reads passwords",
            "put nginx or Caddy in front (docs/console.md), then set console.url to https",
        )


def tracking_host(settings: Settings) -> Iterator[Finding]:
    """Can recipients reach the tracking host by name, with a certificate that will last?"""
    subject = "tracking host"
    url = urlsplit(settings[TRACKING_URL])
    host = url.hostname or ""
    if host == urlsplit(settings[CONSOLE_URL]).hostname:
        yield wrong(
            subject,
            f"{host} is the console's host too, and cookies ignore ports",
            "give tracking.url and console.url different host names",
        )
    if host in LOCAL_NAMES:
        yield note(
            subject,
            f"{host}: only this machine can open pixels and links",
            'set tracking.url to a public name, for example "https://t.example.org"',
        )
        return
    port = url.port or 443
    try:
        found = [address.ip for address in addresses(host, port)]
    except OSError:
        yield wrong(
            subject,
            f"{host} has no address in the DNS",
            f"add an A or AAAA record for {host} that leads to the edge",
        )
        return
    yield good(subject, f"{host} is {', '.join(found[:MOST_ADDRESSES])}")
    if url.scheme != "https":
        yield wrong(
            subject,
            f"{settings[TRACKING_URL]} is not https: anyone on the way reads who clicks",
            "put nginx or Caddy in front (docs/tracking-host.md), then set tracking.url to https",
        )
        return
    # A reader's program takes whichever it likes, and those without IPv4 have but one kind.
    by_address = {ip: _certificate(host, ip, port) for ip in found[:MOST_ADDRESSES]}
    if len(set(by_address.values())) == 1:
        yield by_address[found[0]]
        return
    for ip, finding in by_address.items():
        yield replace(finding, subject=f"{subject}, {ip}")


def _certificate(host: str, ip: str, port: int) -> Finding:
    subject = "tracking host"
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection((ip, port), SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as tls,
        ):
            certificate = tls.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return wrong(
            subject, f"its certificate is not accepted: {error.verify_message}", f"get one for {host} (ACME)"
        )
    except ssl.SSLError:
        return wrong(
            subject, f"{host}:{port} does not speak TLS", "put a proxy with TLS in front of the edge"
        )
    except OSError as error:
        if error.errno in _NO_WAY:
            return note(
                subject,
                f"this machine has no way to {ip} ({error.strerror}), so it was not looked at",
                "run this on a machine that has, or try it there in a browser",
            )
        return wrong(
            subject,
            f"{host}:{port} does not answer ({error.strerror or 'no answer in time'})",
            "start the proxy in front of the edge, and let the firewall through to it",
        )
    ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    days = int((ends - time.time()) // 86400)
    until = datetime.fromtimestamp(ends, UTC)
    if days < RENEW_DAYS:
        return wrong(
            subject,
            f"its certificate ends in {days} days ({until:%Y-%m-%d})",
            "see why its renewal does not run",
        )
    return good(subject, f"its certificate is good until {until:%Y-%m-%d}")
