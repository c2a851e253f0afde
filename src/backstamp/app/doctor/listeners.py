"""Our own ports: can they be had, or does a role of ours answer there already?

That somebody listens says little: where another program has the port, ours cannot start. So each is spoken
to, and what it says is compared with what ours say.
"""

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from backstamp.app.doctor.findings import SECONDS, Finding, Grade, good, note, wrong
from backstamp.app.settings import Settings
from backstamp.app.settings.addresses import split_host_port
from backstamp.app.settings.table import (
    CONSOLE_LISTEN,
    CONSOLE_URL,
    EDGE_LISTEN,
    EDGE_TLS_CERTIFICATE,
    GATEWAY_LISTEN,
    GATEWAY_LMTP_LISTEN,
    OPERATIONS_LISTEN,
    PROTECTION_LISTEN,
    PROTECTION_LMTP_LISTEN,
    PROTECTION_MILTER_LISTEN,
    REPORTS_LISTEN,
    SUBMISSION_LISTEN,
    SUBMISSION_TLS_LISTEN,
    Setting,
)
from backstamp.app.starting.listening import by_one_address, listened_on
from backstamp.app.wiring.capture import socket_address
from backstamp.listening import Address, try_to_have

_MOST_SAID: Final = 65_536
_WORSE: Final = (Grade.GOOD, Grade.NOTE, Grade.WRONG)


class _Talk(msgspec.Struct, frozen=True):
    """What is said to a listener of ours, and whether what it says then may be ours."""

    ours: Callable[[bytes], bool]
    request: bytes = b""
    tls: bool = False


def _is_our_mail_server(greeting: bytes) -> bool:
    # A refusal is the next hop's, word by word.
    return b"Backstamp" in greeting or greeting[:1] in (b"4", b"5")


_MAIL: Final = _Talk(_is_our_mail_server)


def _talks(settings: Settings) -> dict[Setting[str], _Talk | None]:
    def get(path: str, host: str = "localhost") -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()

    console = settings[CONSOLE_URL].partition("://")[2].partition("/")[0]
    return {
        GATEWAY_LISTEN: _MAIL,
        GATEWAY_LMTP_LISTEN: _MAIL,
        SUBMISSION_LISTEN: _MAIL,
        SUBMISSION_TLS_LISTEN: msgspec.structs.replace(_MAIL, tls=True),
        PROTECTION_LISTEN: _MAIL,
        PROTECTION_LMTP_LISTEN: _MAIL,
        PROTECTION_MILTER_LISTEN: None,  # speaks when it is spoken to, as any milter does
        REPORTS_LISTEN: _MAIL,
        EDGE_LISTEN: _Talk(
            lambda said: said.startswith(b"HTTP/1.1 200 ") and said.endswith(b"\r\n\r\nok"),
            get("/healthz"),
            tls=settings[EDGE_TLS_CERTIFICATE] is not None,
        ),
        CONSOLE_LISTEN: _Talk(lambda said: b"backstamp" in said.lower(), get("/sign-in/", console)),
        OPERATIONS_LISTEN: _Talk(lambda said: b"/metrics and /ask" in said, get("/")),
    }


def ports(settings: Settings) -> Iterator[Finding]:
    """Can each of our listeners be had, or is it ours already?"""
    for setting, talk in _talks(settings).items():
        address = socket_address(settings, setting)
        if address.startswith("unix:"):
            yield _socket(setting.name, Path(address.removeprefix("unix:")))
        elif address:
            yield _port(setting, address, talk)


def _socket(subject: str, path: Path) -> Finding:
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
        client.settimeout(SECONDS)
        try:
            client.connect(str(path))
        except OSError as error:
            return note(
                subject,
                f"{path} does not answer ({error.strerror}): the role does not run",
                f"make the folder {path.parent}, let our user write there, and start it: backstamp serve",
            )
    return good(subject, f"{path} answers")


def _port(setting: Setting[str], listen: str, talk: _Talk | None) -> Finding:
    """Return the worst that is to be said of the addresses on which a role listens."""
    subject = setting.name
    host, port = split_host_port(listen)
    try:
        found = listened_on(subject, host, port)
    except OSError:
        return wrong(
            subject, f"{host} is no address of this machine", f"set {subject} to one, for example 127.0.0.1"
        )
    shown = [listen if each.ip == host or len(found) == 1 else f"{listen} ({each.ip})" for each in found]
    findings = [_address(subject, *each, talk) for each in zip(shown, found, strict=True)]
    return max(findings, key=lambda finding: _WORSE.index(finding.grade))


def _address(subject: str, shown: str, address: Address, talk: _Talk | None) -> Finding:
    try:
        # Two roles of ours may have one port by two kinds of addresses; of Granian's "::" IPv4 is part.
        try_to_have(address, v6_only=not by_one_address(subject))
    except PermissionError:
        return wrong(
            subject,
            f"port {address.where[1]} may only be had by root",
            "use a port above 1023, or give the service CAP_NET_BIND_SERVICE (deploy/)",
        )
    except OSError as error:
        return _who_answers(subject, shown, address, talk) or wrong(
            subject, f"{shown} cannot be had ({error.strerror})", f"set {subject} to a free address"
        )
    return note(subject, f"{shown} is free: the role does not run", "start it: backstamp serve")


def _who_answers(subject: str, shown: str, address: Address, talk: _Talk | None) -> Finding | None:
    """Return what is to be said of whoever listens there; None where nobody does."""
    try:
        client = socket.create_connection(address.where[:2], SECONDS)
    except OSError:  # also on a machine without IPv6, where there is no such socket
        return None
    with client:
        said = b"" if talk is None else _said(client, talk)
    if talk is None or (said and talk.ours(said)):
        return good(subject, f"{shown} answers")
    if said is None:
        return note(
            subject,
            f"{shown} takes connections and says nothing within {SECONDS:.0f} s",
            "look whether it is ours (ss -ltnp), and at the log of its role",
        )
    return wrong(
        subject,
        f"another program answers on {shown}, so that the role cannot start",
        f"stop it, or set {subject} to a free address",
    )


def _said(client: socket.socket, talk: _Talk) -> bytes | None:
    """Return what it says; None where it is silent."""
    said = b""
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(OSError))  # cut off, or no TLS
        if talk.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # who it is, is not asked here
            client = stack.enter_context(context.wrap_socket(client))
        try:
            client.sendall(talk.request)
            while len(said) < _MOST_SAID and (more := client.recv(_MOST_SAID)):
                said += more
                # A greeting is one line. What was asked for is read to its end: who goes before that is told
                # of in the console's log.
                if not talk.request and said.endswith(b"\n"):
                    break
        except TimeoutError:
            return said or None
    return said
