"""Links that were switched off after the mail was sent."""

from pathlib import Path

import pytest

from backstamp.edge.replies.prepared import GIF
from backstamp.policy import Kills
from backstamp.tokens import seal_link
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import ClickAction, HitKind
from tests.edge.setting import RING, URL, edge_in, hits_in, link, pixel, publish
from tests.edge.test_answers import asker, posted


def other(**changes: object) -> str:
    facts = {"domain_id": 1, "tracking_id": 7, "recipient_index": 2, "link_number": 3, "url": URL}
    return seal_link(RING, **(facts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kills", "dead", "alive"),
    [
        (
            Kills(messages=frozenset({7})),
            [{}, {"link_number": 9}, {"recipient_index": None}],
            [{"tracking_id": 8}],
        ),
        (
            Kills(links=frozenset({(7, 3)})),
            [{}, {"recipient_index": 5}, {"recipient_index": None}, {"url": "https://new.example/"}],
            [{"link_number": 4}, {"tracking_id": 8}],
        ),
        (
            Kills(tokens=frozenset({(7, 3, 2)})),
            [{}],
            [{"recipient_index": 5}, {"recipient_index": None}, {"link_number": 4}, {"tracking_id": 8}],
        ),
        (Kills(tokens=frozenset({(7, 3, NO_RECIPIENT)})), [{"recipient_index": None}], [{}]),
    ],
    ids=["message", "link", "copy", "copy that names nobody"],
)
def test_a_killed_link_leads_nowhere_and_all_others_lead_on(
    tmp_path: Path, kills: Kills, dead: list[dict[str, object]], alive: list[dict[str, object]]
) -> None:
    publish(tmp_path, kills=kills)
    ask = asker(edge_in(tmp_path))
    for changes in dead:
        reply = ask(f"/{other(**changes)}")
        assert (reply.status, reply.field("location")) == (410, None)
        assert b"This link has been switched off" in reply.body
        assert b'<form method="post" class="go-on">' not in reply.body
        assert "no-store" in (reply.field("cache-control") or "")
    for changes in alive:
        assert ask(f"/{other(**changes)}").status == 302
    assert [hit.action for hit in hits_in(tmp_path)] == [ClickAction.BLOCK] * len(dead) + [None] * len(alive)


def test_a_blocked_hit_is_recorded_with_all_its_facts(tmp_path: Path) -> None:
    publish(tmp_path, kills=Kills(links=frozenset({(7, 3)})))
    ask = asker(edge_in(tmp_path))
    ask(f"/{link()}", fields=[("user-agent", "Mozilla/5.0")])
    head = ask(f"/{link()}", method="HEAD")
    assert head.status == 410
    got, headed = hits_in(tmp_path)
    assert (got.kind, got.link_number, got.recipient_index) == (HitKind.REDIRECT, 3, 2)
    assert got.headers == {"user_agent": "Mozilla/5.0"}
    assert headed.method == "HEAD"


def test_the_pixel_of_a_killed_message_is_answered_and_not_recorded(tmp_path: Path) -> None:
    publish(tmp_path, kills=Kills(messages=frozenset({7})))
    ask = asker(edge_in(tmp_path))
    assert ask(f"/{pixel()}").body == GIF
    assert ask(f"/{pixel()}'").body == GIF
    assert hits_in(tmp_path) == []
    ask(f"/{pixel(8)}")
    assert [hit.tracking_id for hit in hits_in(tmp_path)] == [8]


def test_a_killed_link_alone_does_not_stop_its_messages_pixel(tmp_path: Path) -> None:
    publish(tmp_path, kills=Kills(links=frozenset({(7, 3)})))
    asker(edge_in(tmp_path))(f"/{pixel()}")
    assert len(hits_in(tmp_path)) == 1


def test_the_button_of_a_protected_link_goes_nowhere_either(tmp_path: Path) -> None:
    publish(tmp_path, kills=Kills(links=frozenset({(7, 3)})))
    edge = edge_in(tmp_path)
    for protected in (True, False):
        token = link(protected=protected)
        replies = [asker(edge)(f"/{token}", method=method) for method in ("GET", "HEAD")]
        replies += [posted(edge, f"/{token}", body) for body in (b"act=go_on", b"act=go_on&text=please")]
        assert {(reply.status, reply.field("location")) for reply in replies} == {(410, None)}


def test_a_kill_holds_while_tracking_is_switched_off(tmp_path: Path) -> None:
    publish(tmp_path, enabled=False, kills=Kills(messages=frozenset({7})))
    assert asker(edge_in(tmp_path))(f"/{link()}").status == 410
    assert hits_in(tmp_path) == []
