"""Switching the links of a message off from its page."""

from django.test import Client

from backstamp.policy import KillTarget
from backstamp.records.database.tracking_ids import from_database
from backstamp.records.protection import kills
from backstamp.vocabulary import Actor, EventType
from tests.console.seed import event, link, message, recipient
from tests.console.test_messages import key, page


def test_the_page_of_a_message_switches_its_links_off_and_on(admin: Client) -> None:
    letter = message(1)
    recipient(letter)
    link(letter, 0)
    path = f"/messages/{key(letter)}/"
    assert "Switch all links off" in page(admin, path)
    answer = admin.post(f"{path}links/", {"links": "off"}, follow=True)
    assert "All links of this mail are switched off, in every copy" in answer.text
    shown = page(admin, path)
    assert "All links of this mail are switched off." in shown
    assert "Switch all links off" not in shown
    message_id = from_database(letter.pk)
    assert kills.switched_off().messages == {message_id}
    admin.post(f"{path}links/", {"links": "on"})
    assert kills.of_message(message_id) == []
    kills.kill(KillTarget(message_id, 0), "ada")
    assert "Of its links, 1 is switched off." in page(admin, path)


def test_a_stranger_switches_nothing(stranger: Client) -> None:
    letter = message(1)
    answer = stranger.post(f"/messages/{key(letter)}/links/", {"links": "off"})
    assert answer.headers["Location"].startswith("/sign-in/?next=")
    assert kills.switched_off().messages == frozenset()


def test_a_blocked_click_says_by_whom(admin: Client) -> None:
    letter = message(1)
    recipient(letter)
    event(letter, EventType.BLOCKED, 60, Actor.HUMAN, link_number=0)
    shown = page(admin, f"/messages/{key(letter)}/")
    assert "Link blocked" in shown
    assert "by a person" in shown
