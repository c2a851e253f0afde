"""A gallery of broken SMTP dialogs, one file each (tests/gateway/dialogs/README.md)."""

import asyncio
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from backstamp.gateway.config import Timeouts
from tests.gateway.running import NOTHING, StartGateway, StartNextHop

DIALOGS = sorted((Path(__file__).parent / "dialogs").glob("*.dialog"))
ESCAPES = {"r": b"\r", "n": b"\n", "0": b"\0", "\\": b"\\"}
QUICK = Timeouts(idle=1.0, data_block=1.0)


def octets(text: str) -> bytes:
    """Read the escapes of a dialog file."""

    def one(match: re.Match[bytes]) -> bytes:
        return bytes.fromhex(match[1].decode()) if match[1] else ESCAPES[match[2].decode()]

    return re.sub(rb"\\(?:x([0-9a-f]{2})|([rn0\\]))", one, text.encode())


def test_there_are_dialogs() -> None:
    assert len(DIALOGS) > 25


@pytest.mark.parametrize("path", DIALOGS, ids=lambda path: path.stem)
async def test_a_dialog_goes_as_written(path: Path, gateway: StartGateway, next_hop: StartNextHop) -> None:
    script = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    listener = "gateway.lmtp_listen" if "listener: lmtp" in script else "gateway.listen"
    accepted = next((int(line[9:]) for line in script if line.startswith("accepted:")), 0)
    hop = await next_hop()
    running = await gateway(hop, policy=NOTHING, max_size=10_000, timeouts=QUICK)
    client = await running.client(listener)
    for number, step in enumerate(script, 1):
        kind, text = step[:2], step[3:]
        if kind == "c:":
            client.writer.write(octets(text) + b"\r\n")
        elif kind == "c<":
            client.writer.write(octets(text))
        elif kind == "c*":
            count, _, piece = text.partition(" ")
            client.writer.write(octets(piece) * int(count) + b"\r\n")
        elif kind == "s:":
            try:
                line = (await asyncio.wait_for(client.reader.readline(), 10)).decode().rstrip("\r\n")
            except ConnectionError:
                line = ""
            # fnmatch knows "[" and "?" too, which replies may hold.
            wanted = text.replace("[", "[[]").replace("?", "[?]")
            assert fnmatchcase(line or "(closed)", wanted), f"step {number}: {step!r} met {line!r}"
    client.close()
    await running.gateway.close()
    assert len(hop.accepted) == accepted
    if accepted == 0:
        assert running.queued == []
