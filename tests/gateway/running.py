"""A gateway under test: its policy, its files, and what it wrote."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from backstamp.gateway.config import GatewayConfig
from backstamp.gateway.server import Gateway
from backstamp.journal import JournalReader, JournalWriter
from backstamp.policy import Axes, ConsentMode, Snapshot
from backstamp.shared_files import SnapshotFile, publish_snapshot
from backstamp.tokens import Keyring
from backstamp.vocabulary import Delivery, JournalRecord, Origin, Queued
from tests.gateway.client import Client
from tests.gateway.fake_next_hop import FakeNextHop

RING = Keyring.create(b"k" * 32, b"a" * 32, 1_700_000_000)
TRACKING_URL = "https://t.example.org"
HTML = (
    b"From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: offer\r\n"
    b"Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b'<html><body><p>See <a href="https://www.example.com/offer">the offer</a>.</p></body></html>\r\n'
)
TEXT = b"From: ann@example.org\r\nTo: bob@example.net\r\nSubject: hi\r\n\r\nno links here\r\n"


def snapshot(**changes: Any) -> Snapshot:
    """A policy that tracks everything."""
    everything = Axes(opens=True, links=True)
    values: dict[str, Any] = {
        "published_at_us": 1,
        "enabled": True,
        "consent_mode": ConsentMode.OBJECTION,
        "tracking_url": TRACKING_URL,
        "origins": {Origin.GATEWAY: everything, Origin.SUBMISSION: Axes(opens=True, links=False)},
    }
    return Snapshot(**(values | changes))


EVERYTHING = snapshot()
NOTHING = snapshot(enabled=False)


class Running:
    """A gateway under test, with its files."""

    def __init__(self, folder: Path, config: GatewayConfig, policy: Snapshot | None) -> None:
        self.folder = folder
        self.config = config
        self._clients: list[Client] = []
        if policy is not None:
            publish_snapshot(folder / "snapshot", policy)
        self.journal = JournalWriter(folder / "journal", role="gateway")
        self.gateway = Gateway(
            config,
            keyring=lambda: RING,
            snapshot=SnapshotFile(folder / "snapshot"),
            journal=self.journal,
        )

    async def client(
        self, listener: str = "gateway.listen", host: str = "127.0.0.1", source: str = ""
    ) -> Client:
        self._clients.append(await Client.connect(self.gateway.ports[listener], host, source))
        return self._clients[-1]

    def records(self) -> list[JournalRecord]:
        batch = JournalReader(self.folder / "journal").read({}, 10_000)
        assert batch.corrupt == 0
        return [record for _, record in batch.records]

    @property
    def queued(self) -> list[Queued]:
        return [record for record in self.records() if isinstance(record, Queued)]

    @property
    def deliveries(self) -> list[Delivery]:
        return [record for record in self.records() if isinstance(record, Delivery)]

    async def stop(self) -> None:
        for client in self._clients:
            client.close()
        await self.gateway.close()
        self.journal.close()


StartGateway = Callable[..., Awaitable[Running]]
StartNextHop = Callable[..., Awaitable[FakeNextHop]]


@asynccontextmanager
async def gateways(folder: Path) -> AsyncIterator[StartGateway]:
    """Starts gateways before a next hop: `await start(hop, policy=..., max_size=...)`, and ends them."""
    running: list[Running] = []

    async def start(
        hop: FakeNextHop | str,
        policy: Snapshot | None = EVERYTHING,
        folder: Path = folder,
        **settings: Any,
    ) -> Running:
        if not (folder / "journal").exists():
            folder = folder / secrets.token_hex(4)
            folder.mkdir()
        values: dict[str, Any] = {
            "hostname": "backstamp.example",
            "next_hop": hop if isinstance(hop, str) else hop.url,
            "outcomes": folder / "outcomes.db",
            "listen": "127.0.0.1:0",
            "lmtp_listen": "127.0.0.1:0",
            "trusted_networks": (ip_network("127.0.0.0/8"),),
            "xclient_networks": (ip_network("127.0.0.0/8"),),
        }
        running.append(Running(folder, GatewayConfig(**(values | settings)), policy))
        await running[-1].gateway.start()
        return running[-1]

    yield start
    for each in running:
        await each.stop()
