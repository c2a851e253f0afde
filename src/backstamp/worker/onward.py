"""Mail of the worker's own, and reports that go on: handed to the next hop, whose answer is the answer."""

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from backstamp.tokens.address_spelling import a_labels
from backstamp.vocabulary import TlsMode

TIMEOUT_SECONDS: Final = 60.0
_UNIX: Final = "lmtp+unix:"


class NextHop(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail goes: smtp://, smtps:// or lmtp://HOST:PORT, or lmtp+unix:/PATH; and how TLS is used."""

    address: str
    hostname: str
    tls: TlsMode = TlsMode.OPPORTUNISTIC
    ca: Path | None = None


def in_ascii(address: str) -> str:
    """Return an address with its domain as the DNS has it: so any header and any next hop takes it."""
    local_part, at, domain = address.rpartition("@")
    return f"{local_part}{at}{a_labels(domain)}"


class NotTakenError(Exception):
    """The next hop did not take a mail. `permanent`: it never will. The text is for the log."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


def hand_on(hop: NextHop, reverse_path: str, forward_path: str, message: bytes) -> None:
    """Give a mail with CR LF line ends to the next hop; it has it once this returns. Blocks.

    Raises `NotTakenError`.
    """
    try:
        with _connected(hop) as session:
            options = [] if message.isascii() or not session.has_extn("8bitmime") else ["BODY=8BITMIME"]
            if not f"{reverse_path}{forward_path}".isascii():
                if not session.has_extn("smtputf8"):
                    raise smtplib.SMTPNotSupportedError
                session.command_encoding = "utf-8"
                options.append("SMTPUTF8")
            # Not by `mail` and `rcpt`, which read addresses as header fields have them: some become others.
            _expect(session.docmd(" ".join([f"MAIL FROM:<{reverse_path}>", *options])))
            _expect(session.docmd(f"RCPT TO:<{forward_path}>"))
            _expect(session.data(message))
    except smtplib.SMTPResponseException as error:
        raise NotTakenError(f"it said {error.smtp_code}", permanent=error.smtp_code >= 500) from None
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise NotTakenError(type(error).__name__, permanent=False) from None


def _expect(answer: tuple[int, bytes]) -> None:
    code, text = answer
    if not 200 <= code < 300:
        raise smtplib.SMTPResponseException(code, text)


@contextlib.contextmanager
def _connected(hop: NextHop) -> Iterator[smtplib.SMTP]:
    if hop.address.startswith(_UNIX):
        path = hop.address.removeprefix(_UNIX)
        with smtplib.LMTP(path, local_hostname=hop.hostname, timeout=TIMEOUT_SECONDS) as session:
            session.ehlo()
            yield session
        return
    parts = urlsplit(hop.address)
    host, port = parts.hostname or "", parts.port or 25
    context = _context(hop)
    if parts.scheme == "smtps":
        opened: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port, local_hostname=hop.hostname, timeout=TIMEOUT_SECONDS, context=context
        )
    elif parts.scheme == "lmtp":
        opened = smtplib.LMTP(host, port, local_hostname=hop.hostname, timeout=TIMEOUT_SECONDS)
    else:
        opened = smtplib.SMTP(host, port, local_hostname=hop.hostname, timeout=TIMEOUT_SECONDS)
    with opened as session:
        session.ehlo_or_helo_if_needed()
        if parts.scheme != "smtps" and hop.tls is not TlsMode.NONE:
            if session.has_extn("starttls"):
                session.starttls(context=context)
                session.ehlo()
            elif hop.tls is TlsMode.REQUIRED:
                raise smtplib.SMTPNotSupportedError
        yield session


def _context(hop: NextHop) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=hop.ca)
    if hop.tls is not TlsMode.REQUIRED:
        # As of the gateway: encrypted if it can be had, and nobody is verified.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
