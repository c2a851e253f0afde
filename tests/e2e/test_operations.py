"""The private pages of the running product, with several edge workers."""

import re
from collections.abc import Callable
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from backstamp.tokens import seal_link, seal_pixel
from tests.daemons import free_port
from tests.e2e.server import Server, until


def test_the_figures_of_all_edge_workers_are_on_the_private_page_alone(
    backstamp: Callable[..., Server],
) -> None:
    port = free_port()
    server = backstamp(EDGE_WORKERS="2", OPERATIONS_LISTEN=f"127.0.0.1:{port}")
    ring = server.keyring()
    pixel = seal_pixel(ring, domain_id=0, tracking_id=1)
    link = seal_link(
        ring,
        domain_id=0,
        tracking_id=1,
        recipient_index=0,
        link_number=1,
        url=f"{server.edge_url}/robots.txt",
    )
    for token in [pixel] * 12 + [link] * 3:
        with urlopen(f"{server.edge_url}/{token}", timeout=60) as reply:
            reply.read()

    def page() -> str:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as reply:
            return str(reply.read().decode())

    def total(name: str) -> float:
        return sum(float(value) for value in re.findall(rf"^{re.escape(name)} (\S+)$", page(), re.MULTILINE))

    def answered(answer: str) -> float:
        return sum(
            total(f'backstamp_edge_answers_total{{slot="{slot}",answer="{answer}"}}') for slot in (0, 1)
        )

    until("all pixels are counted", lambda: answered("pixel") == 12)
    assert answered("redirect") == 3
    assert total("backstamp_edge_workers") == 2
    assert total("backstamp_database_up") == 1
    until("the journal is ingested", lambda: total("backstamp_journal_lag_bytes") == 0)
    assert total("backstamp_snapshot_age_seconds") < 60

    def syncs() -> float:
        return sum(total(f'backstamp_edge_journal_sync_seconds_count{{slot="{slot}"}}') for slot in (0, 1))

    until("the journal is on the disk", lambda: syncs() >= 1)
    public = server.edge_url
    for path in ("metrics", "ask?domain=localhost"):
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"{public}/{path}", timeout=60)
    with urlopen(f"http://127.0.0.1:{port}/ask?domain=localhost", timeout=60) as reply:
        assert reply.status == 200
    assert server.stop() == 0
