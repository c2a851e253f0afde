"""Links of mail that is out already, switched off while the product runs."""

import http.client
import time
from collections.abc import Callable

from backstamp.tokens import seal_link
from tests.e2e.server import Server


def test_a_killed_link_is_dead_within_two_seconds_and_alive_again(backstamp: Callable[..., Server]) -> None:
    server = backstamp()
    token = seal_link(
        server.keyring(),
        domain_id=0,
        tracking_id=0xABC,
        recipient_index=0,
        link_number=1,
        url="https://example.com/",
    )

    def status() -> int:
        connection = http.client.HTTPConnection("localhost", server.edge, timeout=10)
        connection.request("GET", f"/{token}")
        answer = connection.getresponse().status
        connection.close()
        return answer

    def seconds_until(wanted: int) -> float:
        began = time.monotonic()
        while status() != wanted:
            assert time.monotonic() - began < 10
            time.sleep(0.02)
        return time.monotonic() - began

    assert status() == 302
    # The command itself ends when the change is committed; the two seconds are counted from there.
    assert server.command("links", "kill", f"{server.edge_url}/{token}").returncode == 0
    assert seconds_until(410) < 2
    assert server.command("links", "revive", token).returncode == 0
    assert seconds_until(302) < 2
    assert server.command("links", "kill", "--host", "example.com").returncode == 0
    assert seconds_until(410) < 2
    assert server.stop() == 0
