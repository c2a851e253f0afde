"""A MISP feed: events are fetched when they are new or have changed, and never more than is good."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds.keeping.copies import ListStore
from backstamp.worker.feeds.keeping.standing import Outcome
from backstamp.worker.feeds.lists.entries import FeedError
from backstamp.worker.feeds.lists.jobs import Job
from backstamp.worker.feeds.lists.source import Form, Source
from backstamp.worker.feeds.providers.misp import MOST_EVENTS, fetching, read_manifest
from backstamp.worker.feeds.refreshing.due_lists import refresh_all
from tests.worker.feeds.feed_server import FeedServer, Page


class Events:
    def __init__(self, server: FeedServer, directory: Path) -> None:
        self.server = server
        self.versions: dict[str, int] = {}
        self.job = Job(
            sources=(
                Source(
                    name="misp",
                    form=Form.MISP,
                    threat_type=ThreatType.MALWARE,
                    address=server.url("/feed/"),
                    max_bytes=10_000,
                    download_seconds=2.0,
                ),
            ),
            directory=directory / "feeds",
            lists_path=directory / "threats",
            only=("misp",),
        )

    def put(self, number: int, version: int, *urls: str) -> str:
        uuid = str(UUID(int=number))
        self.versions[uuid] = version
        event = {"Event": {"Attribute": [{"type": "url", "value": url, "to_ids": True} for url in urls]}}
        self.server.pages[f"/feed/{uuid}.json"] = Page(json.dumps(event).encode())
        self.publish()
        return uuid

    def publish(self) -> None:
        manifest = {uuid: {"timestamp": str(version)} for uuid, version in self.versions.items()}
        self.server.pages["/feed/manifest.json"] = Page(json.dumps(manifest).encode())

    def refresh(self) -> Outcome:
        (outcome,) = refresh_all(self.job)
        return outcome

    def asked(self) -> list[str]:
        paths = [asked.path.removeprefix("/feed/") for asked in self.server.asked]
        self.server.asked.clear()
        return paths

    def listed(self) -> list[str]:
        return [each.expression for each in ListStore(self.job.directory, "misp").entries()]


@pytest.fixture
def events(server: FeedServer, tmp_path: Path) -> Events:
    return Events(server, tmp_path)


def test_only_events_that_are_new_or_have_changed_are_fetched(events: Events) -> None:
    first = events.put(1, 100, "http://evil.example/1")
    second = events.put(2, 200, "http://evil.example/2", "https://drive.google.com/")
    assert events.refresh().text == "2 entries, 2 of them new, 1 left out"
    assert events.asked() == ["manifest.json", f"{second}.json", f"{first}.json"]
    events.put(1, 300, "http://evil.example/1", "http://evil.example/3")
    assert events.refresh().text == "3 entries, 1 of them new, 1 left out"
    assert events.asked() == ["manifest.json", f"{first}.json"]
    del events.versions[second]
    events.publish()
    events.refresh()
    assert events.listed() == ["evil.example/1", "evil.example/3"]


def test_a_manifest_that_is_empty_for_once_costs_no_event(server: FeedServer, events: Events) -> None:
    """They come some hundreds at once: until all were there again, the list was refused for what it lacks."""
    for number in range(1, 4):
        events.put(number, 100, f"http://evil.example/{number}")
    events.refresh()
    server.pages["/feed/manifest.json"] = Page(b"{}")
    assert events.refresh().text == "not updated: it is empty"
    events.publish()
    events.asked()
    assert events.refresh().good
    assert events.asked() == ["manifest.json"]
    assert events.listed() == [f"evil.example/{number}" for number in range(1, 4)]


def test_an_event_that_fails_is_tried_again_and_the_others_count(server: FeedServer, events: Events) -> None:
    first = events.put(1, 100, "http://evil.example/1")
    events.put(2, 200, "http://evil.example/2")
    server.pages[f"/feed/{first}.json"] = Page(status=500)
    assert events.refresh().text == "1 entry, 1 of them new"
    events.put(1, 100, "http://evil.example/1")
    events.refresh()
    assert events.listed() == ["evil.example/1", "evil.example/2"]
    server.pages["/feed/manifest.json"] = Page(status=410)
    assert events.refresh().text == "not updated: the server answered 410"
    assert events.listed() == ["evil.example/1", "evil.example/2"]


def test_an_event_that_is_none_or_too_big_lists_nothing(server: FeedServer, events: Events) -> None:
    first = events.put(1, 100)
    server.pages[f"/feed/{first}.json"] = Page(b'{"Event": 5}')
    second = events.put(2, 200)
    server.pages[f"/feed/{second}.json"] = Page(b"x" * 10_001)
    events.put(3, 300, "http://evil.example/3")
    assert events.refresh().text == "1 entry, 1 of them new, 1 left out"
    events.asked()
    events.refresh()
    assert events.asked() == ["manifest.json", f"{second}.json"], "what is none is none until it changes"


def test_many_events_come_in_several_rounds_the_newest_first(
    events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MOST_AT_ONCE", 3)
    for number in range(1, 6):
        events.put(number, number, f"http://evil.example/{number}")
    events.refresh()
    assert events.listed() == ["evil.example/3", "evil.example/4", "evil.example/5"]
    events.refresh()
    assert len(events.listed()) == 5


def test_a_manifest_names_events_by_uuid_only_and_the_newest_of_many() -> None:
    uuid = str(UUID(int=1))
    manifest = {
        uuid: {"timestamp": "7", "info": "x"},
        "../../etc/passwd": {"timestamp": "9"},
        str(UUID(int=2)): {"timestamp": "soon"},
        str(UUID(int=3)): {"timestamp": 8},
    }
    assert read_manifest(json.dumps(manifest).encode()) == [(str(UUID(int=3)), "8"), (uuid, "7")]
    many = {str(UUID(int=number)): {"timestamp": number} for number in range(MOST_EVENTS + 5)}
    found = read_manifest(json.dumps(many).encode())
    assert (len(found), found[0][1]) == (MOST_EVENTS, str(MOST_EVENTS + 4))
    for bad in (b"", b"[]", b'{"a": 5}'):
        with pytest.raises(FeedError, match="its manifest is no manifest of MISP"):
            read_manifest(bad)


@pytest.mark.parametrize("manifest", [b'{"a":' * 100_000, b'{"\xff": {"timestamp": 1}}'])
def test_a_manifest_that_cannot_be_read_is_refused(manifest: bytes) -> None:
    with pytest.raises(FeedError, match="its manifest is no manifest of MISP"):
        read_manifest(manifest)


@pytest.mark.parametrize("version", ["9" * 5000, "٣", "-1", "1.5", ""])
def test_an_event_whose_version_is_no_number_is_passed_over(version: str) -> None:
    manifest = {str(UUID(int=1)): {"timestamp": version}, str(UUID(int=2)): {"timestamp": "7"}}
    assert read_manifest(json.dumps(manifest).encode()) == [(str(UUID(int=2)), "7")]
