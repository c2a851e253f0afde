"""addresses: where we listen and where mail goes, from the text of a setting."""

import re
from typing import Final

import msgspec

from backstamp.gateway.errors import ConfigError

PORTS: Final = {"smtp": 25, "smtps": 465, "lmtp": 24}


class NextHopAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail goes: a host and port, or the path of a Unix socket."""

    lmtp: bool = False
    host: str = ""
    port: int = 0
    path: str = ""
    implicit_tls: bool = False

    def __str__(self) -> str:
        if self.path:
            return f"lmtp+unix:{self.path}"
        scheme = "lmtp" if self.lmtp else "smtps" if self.implicit_tls else "smtp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


def parse_listen(name: str, text: str) -> tuple[str, int]:
    """Return host and port of "HOST:PORT" or "[IPv6]:PORT". Raises `ConfigError`."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s]+)):([0-9]{1,5})", text)
    if match is None or int(match[3]) > 65535:
        raise ConfigError(f"{name} is {text!r}; write HOST:PORT")
    return match[1] or match[2], int(match[3])


def parse_next_hop(name: str, text: str) -> NextHopAddress:
    """Return the address that the setting `name` gives. Raises `ConfigError`."""
    if text.startswith("lmtp+unix:/"):
        return NextHopAddress(lmtp=True, path=text.removeprefix("lmtp+unix:"))
    match = re.fullmatch(
        r"(smtps?|lmtp)://(?:\[([0-9A-Fa-f:.]+)\]|([^:/\[\]\s@]+))(?::([0-9]{1,5}))?/?", text
    )
    if match is None or int(match[4] or 0) > 65535:
        raise ConfigError(
            f"{name} is {text!r}; "
            "write smtp://HOST:PORT, smtps://HOST:PORT, lmtp://HOST:PORT or lmtp+unix:/PATH"
        )
    return NextHopAddress(
        lmtp=match[1] == "lmtp",
        host=match[2] or match[3],
        port=int(match[4]) if match[4] else PORTS[match[1]],
        implicit_tls=match[1] == "smtps",
    )
