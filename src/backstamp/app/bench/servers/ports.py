"""Ports and sockets of a benchmark's servers."""

import socket
import time
from pathlib import Path
from typing import Final

_STARTS_WITHIN: Final = 30.0


def free_port() -> int:
    """Return a TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Wait until somebody listens. Raises `TimeoutError`."""
    _wait(socket.AF_INET, ("127.0.0.1", port), _STARTS_WITHIN)


def wait_for_socket(path: Path, seconds: float = _STARTS_WITHIN) -> None:
    """Wait until somebody listens, for so long. Raises `TimeoutError`."""
    _wait(socket.AF_UNIX, str(path), seconds)


def _wait(family: socket.AddressFamily, address: str | tuple[str, int], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with socket.socket(family) as probe:
            try:
                probe.connect(address)
            except OSError:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"nobody listens on {address}") from None
                time.sleep(0.02)
            else:
                return
