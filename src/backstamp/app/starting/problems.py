"""Settings that are right one by one, and wrong together."""

import importlib.util
import ipaddress
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

from backstamp.app.settings import Settings, SettingsError
from backstamp.app.settings.addresses import split_host_port
from backstamp.app.settings.table import (
    CONSOLE_LISTEN,
    CONSOLE_URL,
    DATABASE_URL,
    EDGE_LISTEN,
    EDGE_TLS_CERTIFICATE,
    EDGE_TLS_KEY,
    FEEDS_ENABLED,
    FEEDS_MIRRORS,
    FEEDS_RESOLVER,
    GATEWAY_LISTEN,
    GATEWAY_TLS_CERTIFICATE,
    GATEWAY_TLS_KEY,
    REPORTS_DOMAIN,
    REPORTS_IMAP,
    REPORTS_IMAP_PASSWORD,
    REPORTS_LISTEN,
    REPORTS_RETURN_PATH_DOMAINS,
    SUBMISSION_LISTEN,
    SUBMISSION_TLS_LISTEN,
    SUBMISSION_UPSTREAM,
    TRACKING_URL,
)
from backstamp.app.starting.listening import LISTENERS
from backstamp.app.wiring.capture import socket_address
from backstamp.app.wiring.feeds import FEED_KEYS
from backstamp.app.wiring.gateway import gateway_config
from backstamp.gateway.checks import check_config
from backstamp.gateway.errors import ConfigError


def check(settings: Settings) -> None:
    """Raise `SettingsError` for the first fault found, before anything is started."""
    for fault in _faults(settings):
        raise SettingsError(_placed(settings, fault))
    try:
        check_config(gateway_config(settings))
    except ConfigError as error:
        raise SettingsError(_placed(settings, str(error))) from None


def _placed(settings: Settings, fault: str) -> str:
    """Put in front of a fault where the setting is given whose name it begins with."""
    return f"{settings.place_of(fault.split()[0].rstrip(':'))}: {fault}"


def _faults(settings: Settings) -> Iterator[str]:
    for part in (_hosts, _listeners, _certificates, _database, _reports, _feeds, _submission):
        yield from part(settings)


def _hosts(settings: Settings) -> Iterator[str]:
    tracking, console = urlsplit(settings[TRACKING_URL]), urlsplit(settings[CONSOLE_URL])
    if tracking.hostname == console.hostname:
        yield (
            f"tracking.url and console.url share the host {tracking.hostname}, and cookies ignore ports; "
            "give them different host names"
        )
    if tracking.path:
        yield "tracking.url has a path; the edge answers at the root of a host of its own"
    if console.path:
        yield "console.url has a path; the console answers at the root of a host of its own"


def _listeners(settings: Settings) -> Iterator[str]:
    taken: dict[tuple[str, int], str] = {}
    for listener in LISTENERS:
        socket_address(settings, listener)  # raises of a path that is too long
        if settings[listener] and not settings[listener].startswith("unix:"):
            address = split_host_port(settings[listener])
            if address in taken:
                yield f"{listener.name} and {taken[address]} are both {settings[listener]}; use two ports"
            taken[address] = listener.name
    for needed in (GATEWAY_LISTEN, EDGE_LISTEN, CONSOLE_LISTEN):
        if not settings[needed]:
            yield f"{needed.name} is empty; write HOST:PORT"


def _certificates(settings: Settings) -> Iterator[str]:
    for certificate, key in (
        (GATEWAY_TLS_CERTIFICATE, GATEWAY_TLS_KEY),
        (EDGE_TLS_CERTIFICATE, EDGE_TLS_KEY),
    ):
        if (settings[certificate] is None) != (settings[key] is None):
            yield f"{certificate.name} and {key.name} go together; set both or neither"
        for pem in (certificate, key):
            path = settings[pem]
            if path is not None and not path.is_file():
                yield f"{pem.name}: there is no file {path}"


def _database(settings: Settings) -> Iterator[str]:
    if settings[DATABASE_URL] and importlib.util.find_spec("psycopg") is None:
        # Not `backstamp[postgres]`: another environment's pip would ask the world for a package of that name.
        yield f"database.url needs a driver; run: {sys.prefix}/bin/pip install 'psycopg[binary]>=3.2'"


def _reports(settings: Settings) -> Iterator[str]:
    if settings[REPORTS_RETURN_PATH_DOMAINS] and not settings[REPORTS_DOMAIN]:
        yield "reports.return_path_domains needs reports.domain: where the new reverse paths are"
    if settings[REPORTS_DOMAIN] and not (settings[REPORTS_LISTEN] or settings[REPORTS_IMAP]):
        yield "reports.domain needs reports.listen or reports.imap: nobody would take what comes back"
    if settings[REPORTS_DOMAIN] in settings[REPORTS_RETURN_PATH_DOMAINS]:
        yield "reports.domain is one of reports.return_path_domains; give reports a domain of their own"
    if settings[REPORTS_IMAP] and not settings[REPORTS_IMAP_PASSWORD]:
        yield "reports.imap needs reports.imap_password"


def _feeds(settings: Settings) -> Iterator[str]:
    for feed, key_setting in FEED_KEYS.items():
        asks_publisher = feed in settings[FEEDS_ENABLED] and feed not in settings[FEEDS_MIRRORS]
        if asks_publisher and not settings[key_setting]:
            yield f'feeds.enabled has "{feed}", which needs {key_setting.name} (docs/feeds.md)'
    if settings[FEEDS_RESOLVER] and not _is_numeric(settings[FEEDS_RESOLVER]):
        yield "feeds.resolver needs an address, not a name: HOST:PORT, for example 127.0.0.1:53"


def _submission(settings: Settings) -> Iterator[str]:
    for listener in (SUBMISSION_LISTEN, SUBMISSION_TLS_LISTEN):
        if settings[listener] and not settings[SUBMISSION_UPSTREAM]:
            yield f"{listener.name} needs submission.upstream: the server that checks the passwords"
        if settings[listener] and settings[GATEWAY_TLS_CERTIFICATE] is None:
            yield f"{listener.name} needs gateway.tls_certificate: passwords travel over TLS only"


def _is_numeric(listen: str) -> bool:
    try:
        ipaddress.ip_address(split_host_port(listen)[0])
    except ValueError:
        return False
    return True
