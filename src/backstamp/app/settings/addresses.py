"""Kinds of settings that are addresses: on which we listen, to which mail goes, at which people find us."""

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

from backstamp.app.settings.kinds import Kind, as_text

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def split_host_port(text: str) -> tuple[str, int]:
    """Return host and port of "host:port" or "[ipv6]:port". Raises `ValueError`."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = str(ipaddress.IPv6Address(host[1:-1]))
    elif not _HOST.fullmatch(host):
        raise ValueError
    if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError
    return host, int(port)


def _listen(value: object) -> str:
    text = as_text(value)
    if text:
        try:
            split_host_port(text)
        except ValueError:
            raise ValueError(
                'is no address to listen on; write HOST:PORT, for example "127.0.0.1:2525"'
            ) from None
    return text


def _listen_or_socket(value: object) -> str:
    text = as_text(value)
    if text.startswith("unix:") and len(text) > len("unix:"):
        return text
    return _listen(text)


def _listen_or_socket_or_off(value: object) -> str:
    text = as_text(value)
    return _listen_or_socket(text) if text else text


def _mail_domain(value: object) -> str:
    text = as_text(value).lower()
    if text and not (_HOST.fullmatch(text) and "." in text and ".." not in text):
        raise ValueError('is no mail domain; write for example "bounces.example.org"')
    return text


def _mail_address(value: object) -> str:
    text = as_text(value)
    local_part, _, domain = text.rpartition("@")
    if text and not (re.fullmatch(r"[!#-'*+/-9=?A-Z^-~.-]{1,64}", local_part) and _HOST.fullmatch(domain)):
        raise ValueError('is no mail address; write for example "privacy@example.org"')
    return text


def _imap(value: object) -> str:
    text = as_text(value)
    if not text:
        return text
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"imaps", "imap"} and bool(parts.hostname) and bool(parts.username)
        good = good and parts.password is None and parts.port != 0 and not parts.query and not parts.fragment
        # Without TLS a password is told to everybody on the way.
        good = good and (parts.scheme == "imaps" or parts.hostname in {"localhost", "127.0.0.1", "::1"})
    except ValueError:
        good = False
    if not good:
        raise ValueError(
            'is no mailbox; write for example "imaps://reports@mail.example.org/INBOX" '
            "(imap:// only on this machine, and the password in reports.imap_password)"
        )
    return text


def _web_address(value: object) -> str:
    text = as_text(value)
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
        parts = urlsplit("")
    if not good or not text.isascii() or " " in text or parts.query or parts.fragment or parts.username:
        raise ValueError('is no web address; write for example "https://t.example.org"')
    return text.rstrip("/")


def _next_hop(value: object) -> str:
    text = as_text(value)
    if not text:
        return text
    scheme, _, rest = text.partition("://")
    if scheme in {"smtp", "smtps", "lmtp"}:
        try:
            split_host_port(rest)
        except ValueError:
            scheme = ""
    elif text.startswith("lmtp+unix:/"):
        return text
    else:
        scheme = ""
    if not scheme:
        raise ValueError(
            'is no next hop; write "smtp://HOST:PORT", "smtps://HOST:PORT", '
            '"lmtp://HOST:PORT" or "lmtp+unix:/PATH"'
        )
    return text


LISTEN: Final = Kind("HOST:PORT, or empty for off", _listen)
LISTEN_OR_SOCKET: Final = Kind("HOST:PORT or unix:PATH", _listen_or_socket)
LISTEN_OR_SOCKET_OR_OFF: Final = Kind("HOST:PORT, unix:PATH, or empty for off", _listen_or_socket_or_off)
MAIL_ADDRESS: Final = Kind("mail address, or empty", _mail_address)
MAIL_DOMAIN: Final = Kind("mail domain, or empty", _mail_domain)
IMAP: Final = Kind("imaps://USER@HOST:PORT/FOLDER, or empty for off", _imap)
WEB_ADDRESS: Final = Kind("web address without a path's last slash", _web_address)
NEXT_HOP: Final = Kind(
    "smtp://HOST:PORT, smtps://HOST:PORT, lmtp://HOST:PORT, lmtp+unix:/PATH, or empty", _next_hop
)
