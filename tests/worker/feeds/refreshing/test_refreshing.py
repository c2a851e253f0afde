"""From a publisher to the compiled file: what is taken, what is refused, and what is kept of both."""

import errno
import gzip
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backstamp.threats.lists import ThreatLists
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds.keeping import standing
from backstamp.worker.feeds.keeping.copies import ListStore, State
from backstamp.worker.feeds.keeping.new_entries import NewEntries, Spool
from backstamp.worker.feeds.keeping.standing import Outcome, begun, is_stale, standing_of
from backstamp.worker.feeds.lists.jobs import Job, encode_job
from backstamp.worker.feeds.lists.source import Form, Source
from backstamp.worker.feeds.refreshing import named_lists
from backstamp.worker.feeds.refreshing.due_lists import AwayError, is_anything_due, refresh_all
from tests.worker.feeds.feed_server import FeedServer, Page, Query

DAY = 86_400


def urls(first: int, end: int) -> bytes:
    return b"".join(b"https://evil-%d.example/login\n" % n for n in range(first, end))


class Lists:
    """A server's lists, refreshed into a folder."""

    def __init__(self, server: FeedServer, directory: Path) -> None:
        self.server = server
        self.directory = directory
        self.sources: dict[str, Source] = {}
        self.add("phish", Form.OPENPHISH, "/feed.txt")

    def add(self, name: str, form: Form, path: str, **changes: object) -> None:
        source = Source(
            name=name,
            form=form,
            threat_type=ThreatType.PHISHING,
            address=self.server.url(path),
            max_bytes=100_000,
            max_unpacked=200_000,
            download_seconds=1.0,
        )
        self.sources[name] = msgspec.structs.replace(source, **changes)

    @property
    def job(self) -> Job:
        return Job(
            sources=tuple(self.sources.values()),
            directory=self.directory / "feeds",
            lists_path=self.directory / "threats",
        )

    def refresh(self, *only: str, may_shrink: bool = False) -> list[Outcome]:
        job = msgspec.structs.replace(self.job, only=only or tuple(self.sources), may_shrink=may_shrink)
        return list(refresh_all(job))

    def state(self, name: str = "phish") -> State:
        return ListStore(self.job.directory, name).state()

    def change(self, name: str = "phish", **changes: object) -> None:
        store = ListStore(self.job.directory, name)
        store.write_state(msgspec.structs.replace(store.state(), **changes))

    def days(self, name: str = "phish") -> dict[str, int]:
        return {each.expression: each.day for each in ListStore(self.job.directory, name).entries()}

    def lists(self) -> ThreatLists:
        return ThreatLists(self.job.lists_path.read_bytes())

    def told(self) -> list[tuple[str, list[str]]]:
        spool = Spool(self.job.directory)
        found = []
        for path in spool.waiting():
            new = NewEntries(path)
            found.append((new.source, list(new.expressions())))
            assert new.count == len(found[-1][1])
            assert list(new.hashes()) == [full_hash(each) for each in new.expressions()]
            assert list(new.prefixes()) == []
            spool.done(path)
        return found


@pytest.fixture
def lists(server: FeedServer, tmp_path: Path) -> Lists:
    return Lists(server, tmp_path)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> float:
    """The time, which stands still."""
    at = time.time()
    monkeypatch.setattr(time, "time", lambda: at)
    return at


def test_a_list_is_fetched_compiled_and_told_of(server: FeedServer, lists: Lists, now: float) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 3) + b"https://drive.google.com/\n", etag='"1"')
    (outcome,) = lists.refresh()
    assert outcome == Outcome("phish", "3 entries, 3 of them new, 1 left out", good=True, changed=True)
    (finding,) = lists.lists().look_up("https://evil-1.example/login")
    assert (finding.source, finding.threat_type, finding.confirmed) == ("phish", ThreatType.PHISHING, True)
    assert finding.since_us == int(now) // DAY * DAY * 1_000_000
    assert lists.lists().look_up("https://drive.google.com/") == ()
    assert lists.told() == [("phish", [f"evil-{n}.example/login" for n in range(3)])]
    state = lists.state()
    assert (state.entries, state.dropped, state.failures, state.etag) == (3, {"well_known": 1}, 0, '"1"')
    assert 6 * 600 <= state.next_at - now <= 3600 * 1.1
    assert lists.job.lists_path.stat().st_mode & 0o777 == 0o640


def test_an_unchanged_list_costs_a_question_only(server: FeedServer, lists: Lists) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 3), etag='"1"')
    lists.refresh()
    lists.told()
    before = lists.job.lists_path.stat()
    assert lists.refresh() == [Outcome("phish", "unchanged", good=True)]
    assert lists.job.lists_path.stat().st_mtime_ns == before.st_mtime_ns
    assert lists.told() == []
    assert list(refresh_all(lists.job)) == [], "it is not due"
    assert len(server.asked) == 2


@pytest.mark.parametrize(("status", "told"), [(400, ""), (412, ""), (431, ""), (503, '"1"')])
def test_a_server_that_dislikes_our_version_is_asked_without_it(
    server: FeedServer, lists: Lists, status: int, told: str
) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 3), etag='"1"')
    lists.refresh()
    server.pages["/feed.txt"] = Page(status=status)
    assert lists.refresh()[0].text == f"not updated: the server answered {status}"
    server.pages["/feed.txt"] = Page(urls(0, 4), etag='"2"')
    assert lists.refresh()[0].good
    assert server.asked[-1].headers.get("if-none-match", "") == told


def test_what_was_known_keeps_its_day_and_only_the_rest_is_news(server: FeedServer, lists: Lists) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 3), etag='"1"')
    lists.refresh()
    lists.told()
    store = ListStore(lists.job.directory, "phish")
    store.write_entries([each._replace(day=100) for each in store.entries()])
    server.pages["/feed.txt"] = Page(urls(1, 5), etag='"2"')
    (outcome,) = lists.refresh()
    assert outcome.text == "4 entries, 2 of them new"
    new = lists.days()["evil-3.example/login"]
    assert 0 <= time.time() // DAY - new <= 1, "today, or midnight has just passed"
    assert lists.days() == {
        "evil-1.example/login": 100,
        "evil-2.example/login": 100,
        "evil-3.example/login": new,
        "evil-4.example/login": new,
    }
    assert lists.told() == [("phish", ["evil-3.example/login", "evil-4.example/login"])]
    assert lists.lists().look_up("https://evil-1.example/login")[0].since_us == 100 * DAY * 1_000_000
    assert lists.lists().look_up("https://evil-0.example/login") == ()


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (Page(status=404), "the server answered 404"),
        (Page(status=410), "the server answered 410"),
        (Page(status=500), "the server answered 500"),
        (Page(urls(0, 50), cut_after=100), "it ended after 100 of"),
        (Page(urls(0, 50), byte_seconds=0.1), "not there within 1 s"),
        (Page(b"x" * 100_001), "it has 100001 bytes, more than 100000"),
        (Page(gzip.compress(b"0" * 10_000_000)), "it unpacks to more than 200000 bytes"),
        (Page(b"<html>\n<title>Maintenance</title>\n"), "it is no such list"),
        (Page(b""), "it is empty"),
        (Page(status=302, headers={"location": "file:///etc/passwd"}), "no http or https URL"),
        (Page(urls(0, 99), etag='"2"'), "it has 99 entries, and had 200"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_good_leaves_the_last_good_copy_in_force(
    server: FeedServer, lists: Lists, page: Page, why: str
) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 200), etag='"1"')
    lists.refresh()
    lists.told()
    compiled = lists.job.lists_path.read_bytes()
    server.pages["/feed.txt"] = page
    (outcome,) = lists.refresh()
    assert not outcome.good
    assert why in outcome.text
    assert "\n" not in outcome.text
    assert lists.job.lists_path.read_bytes() == compiled
    assert len(lists.days()) == 200
    assert lists.told() == []
    state = lists.state()
    assert (state.failures, state.entries) == (1, 200)
    assert why in state.why
    assert sorted(path.name for path in (lists.job.directory / "lists" / "phish").iterdir()) == [
        "entries",
        "state.json",
    ]


def test_an_administrator_may_believe_that_a_list_has_shrunk(server: FeedServer, lists: Lists) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 200), etag='"1"')
    lists.refresh()
    server.pages["/feed.txt"] = Page(urls(0, 50), etag='"2"')
    assert "--accept-shrink" in lists.refresh()[0].text
    assert lists.refresh(may_shrink=True)[0].good
    assert lists.state().entries == 50


def test_what_may_be_cut_short_is_believed_up_to_its_last_line_end(server: FeedServer, lists: Lists) -> None:
    """An answer that ends with its connection: a page that is cut short may be a whole host."""
    cut = b"https://evil.example/a\nhttps://free-hosting.example/"
    server.pages["/feed.txt"] = Page(cut, says_length=False)
    assert lists.refresh()[0].good
    assert list(lists.days()) == ["evil.example/a"]
    server.pages["/feed.txt"] = Page(cut + b"~evil\n", says_length=False)
    lists.refresh()
    assert list(lists.days()) == ["evil.example/a", "free-hosting.example/~evil"]
    for whole in (Page(cut), Page(gzip.compress(cut), says_length=False)):
        server.pages["/feed.txt"] = whole
        lists.refresh()
        assert list(lists.days()) == ["evil.example/a", "free-hosting.example/"]


def test_a_download_that_broke_off_goes_on_the_next_time(server: FeedServer, lists: Lists) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 50), etag='"1"', cut_after=100)
    assert "ended after 100 of" in lists.refresh()[0].text
    server.pages["/feed.txt"].cut_after = None
    assert lists.refresh()[0].text == "50 entries, 50 of them new"
    assert server.asked[1].headers["range"] == "bytes=100-"
    assert len(lists.days()) == 50


def test_the_pause_grows_with_failures_and_retry_after_is_obeyed(
    server: FeedServer, lists: Lists, now: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "JITTER", 0.0)
    server.pages["/feed.txt"] = Page(status=503)
    pauses = []
    for _ in range(12):
        lists.refresh()
        pauses.append(round(lists.state().next_at - now))
    assert pauses == [300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 76800, 86400, 86400, 86400]
    server.pages["/feed.txt"] = Page(status=429, headers={"retry-after": "200000"})
    lists.refresh()
    assert round(lists.state().next_at - now) == 200_000
    server.pages["/feed.txt"] = Page(urls(0, 1))
    lists.refresh()
    assert (lists.state().failures, lists.state().why) == (0, "")
    assert round(lists.state().next_at - now) == 3600


def test_not_everybody_asks_in_the_same_second(server: FeedServer, lists: Lists) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 1))
    pauses = set()
    for _ in range(5):
        lists.refresh()
        pauses.add(round(lists.state().next_at - lists.state().checked_at, 2))
    assert len(pauses) == 5
    assert all(3600 <= pause <= 3960 for pause in pauses)


def test_one_list_that_fails_does_not_keep_the_others_back(server: FeedServer, lists: Lists) -> None:
    lists.add("gone", Form.PLAIN, "/gone")
    lists.add("hosts", Form.PLAIN, "/hosts", threat_type=ThreatType.MALWARE)
    server.pages["/feed.txt"] = Page(urls(0, 2))
    server.pages["/hosts"] = Page(b"0.0.0.0 bad.example\n")
    assert [outcome.good for outcome in lists.refresh()] == [True, False, True]
    (finding,) = lists.lists().look_up("http://www.bad.example/any/where?at=all")
    assert (finding.source, finding.detail, finding.threat_type) == (
        "hosts",
        "bad.example/",
        ThreatType.MALWARE,
    )
    assert len(lists.lists().look_up("https://evil-1.example/login")) == 1


def test_a_list_that_is_switched_off_is_forgotten(server: FeedServer, lists: Lists) -> None:
    lists.add("hosts", Form.PLAIN, "/hosts")
    server.pages["/feed.txt"] = Page(urls(0, 2))
    server.pages["/hosts"] = Page(b"bad.example\n")
    lists.refresh()
    del lists.sources["hosts"]
    assert list(refresh_all(lists.job)) == []
    assert lists.lists().look_up("http://bad.example/") == ()
    assert [source.name for source in lists.lists().sources] == ["phish"]
    assert not (lists.job.directory / "lists" / "hosts").exists()


def test_a_list_from_another_address_is_asked_for_as_a_whole(server: FeedServer, lists: Lists) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 2), etag='"1"')
    lists.refresh()
    server.pages["/mirror"] = Page(urls(0, 3), etag='"1"')
    lists.add("phish", Form.OPENPHISH, "/mirror")
    assert lists.refresh()[0].text == "3 entries, 1 of them new"
    assert "if-none-match" not in server.asked[1].headers


def test_a_file_of_ones_own_is_taken_as_it_is_and_when_it_changes(lists: Lists, tmp_path: Path) -> None:
    file = tmp_path / "own.txt"
    lists.sources = {}
    lists.add("own", Form.PLAIN, "", address=str(file), trusted=True, threat_type=ThreatType.FORBIDDEN)
    assert "cannot be read (No such file or directory)" in lists.refresh()[0].text
    file.write_text("".join(f"casino-{n}.example\n" for n in range(300)) + "facebook.com\n")
    assert lists.refresh()[0].text == "301 entries, 301 of them new"
    assert lists.refresh()[0].text == "unchanged"
    (finding,) = lists.lists().look_up("https://www.facebook.com/x")
    assert finding.threat_type is ThreatType.FORBIDDEN
    file.write_text("".join(f"casino-{n}.example\n" for n in range(100)))
    assert lists.refresh()[0].text == "100 entries, 0 of them new"
    assert lists.lists().look_up("https://www.facebook.com/x") == ()


@pytest.fixture
def own(lists: Lists, tmp_path: Path) -> Path:
    """Give a file of one's own with a hundred entries, in force."""
    file = tmp_path / "own.txt"
    lists.sources = {}
    lists.add("own", Form.PLAIN, "", address=str(file), trusted=True, threat_type=ThreatType.FORBIDDEN)
    file.write_text("".join(f"casino-{n}.example\n" for n in range(100)))
    assert lists.refresh()[0].good
    return file


@pytest.mark.parametrize("left", [0, 9])
def test_a_file_of_ones_own_that_lost_nearly_all_is_believed_only_when_it_stays_so(
    lists: Lists, own: Path, now: float, left: int
) -> None:
    own.write_text("".join(f"casino-{n}.example\n" for n in range(left)))
    for _ in range(2):
        (outcome,) = lists.refresh()
        assert not outcome.good
        said = f"it has {left} entries, and had 100; it is believed when it is still so in 5 minutes"
        assert said in outcome.text
    assert len(lists.lists().look_up("https://casino-50.example/")) == 1
    state = lists.state("own")
    assert is_stale(lists.sources["own"], state), "doctor and console tell"
    assert 300 <= state.next_at - now <= 331
    assert not is_anything_due(lists.job)
    lists.change("own", doubted_at=state.doubted_at - 300, next_at=now - 1)
    assert is_anything_due(lists.job)
    assert [outcome.text for outcome in refresh_all(lists.job)] == [f"{left} entries, 0 of them new"]
    assert lists.lists().look_up("https://casino-50.example/") == ()
    state = lists.state("own")
    assert (state.failures, state.why, state.tried, state.doubted_at) == (0, "", "", 0)


def test_a_file_of_ones_own_that_was_read_while_it_was_written_is_in_force_as_soon_as_it_is_whole(
    lists: Lists, own: Path
) -> None:
    whole = own.read_text()
    own.write_text("")
    assert not lists.refresh()[0].good
    assert not is_anything_due(lists.job)
    own.write_text(whole + "bingo.example\n")
    assert is_anything_due(lists.job)
    assert [outcome.text for outcome in refresh_all(lists.job)] == ["101 entries, 1 of them new"]


def fill(own: Path, number: int, name: str = "c") -> None:
    own.write_text("".join(f"{name}{n}.example\n" for n in range(number)))


@pytest.mark.parametrize(("first", "then"), [(2, 9), (9, 2), (200, 390), (390, 200)])
def test_a_file_that_is_written_anew_every_few_minutes_is_believed_when_it_stays_small(
    lists: Lists, own: Path, first: int, then: int
) -> None:
    fill(own, 5_000)
    assert lists.refresh()[0].good
    fill(own, first)
    assert not lists.refresh()[0].good
    lists.change("own", doubted_at=lists.state("own").doubted_at - 200)
    fill(own, then, "b")
    assert not lists.refresh()[0].good
    lists.change("own", doubted_at=lists.state("own").doubted_at - 101)
    fill(own, first, "d")
    assert is_anything_due(lists.job)
    assert [outcome.text for outcome in refresh_all(lists.job)] == [f"{first} entries, {first} of them new"]


@pytest.mark.parametrize(("first", "then"), [(0, 1), (1, 0), (50, 101), (300, 149)])
def test_a_file_that_is_being_written_or_loses_still_more_is_doubted_anew(
    lists: Lists, own: Path, first: int, then: int
) -> None:
    fill(own, 5_000)
    assert lists.refresh()[0].good
    fill(own, first)
    lists.refresh()
    lists.change("own", doubted_at=time.time() - 400)
    fill(own, then)
    assert not lists.refresh()[0].good
    assert abs(lists.state("own").doubted_at - time.time()) < 60


def test_an_administrator_may_empty_a_file_at_once(lists: Lists, own: Path) -> None:
    own.write_text("")
    assert not lists.refresh()[0].good
    assert lists.refresh(may_shrink=True)[0].text == "0 entries, 0 of them new"
    own.write_text("".join(f"bingo-{n}.example\n" for n in range(19)))
    assert lists.refresh()[0].good
    own.write_text("")
    assert lists.refresh()[0].good, "a short one may well be meant"


def test_a_file_that_could_not_be_read_is_looked_at_as_soon_as_that_changes(lists: Lists, own: Path) -> None:
    """However often it failed before: the pause is for publishers."""
    whole = own.read_text()
    own.unlink()
    for _ in range(9):
        assert not lists.refresh()[0].good
    assert not is_anything_due(lists.job)
    own.write_text(whole)
    assert is_anything_due(lists.job)
    own.unlink()
    own.mkdir()
    assert not lists.refresh()[0].good
    assert not is_anything_due(lists.job)
    own.chmod(0o711)
    assert is_anything_due(lists.job), "who may read it has changed"


def test_the_key_is_a_part_of_the_address_and_in_no_word_of_ours(server: FeedServer, lists: Lists) -> None:
    lists.sources = {}
    lists.add("urlhaus", Form.URLHAUS, "/v2/{key}/recent.csv", key="s3cret")
    server.pages["/v2/s3cret/recent.csv"] = Page(urls(0, 20), etag='"1"', cut_after=100)
    (outcome,) = lists.refresh()
    assert "s3cret" not in outcome.text
    kept = [path for path in lists.directory.rglob("*") if path.is_file()]
    assert len(kept) >= 3
    assert [path for path in kept if b"s3cret" in path.read_bytes()] == []


def test_two_do_not_refresh_at_once(server: FeedServer, lists: Lists) -> None:
    lists.add("second", Form.PLAIN, "/second")
    server.pages["/feed.txt"] = Page(urls(0, 2))
    running = refresh_all(lists.job)
    next(running)
    with pytest.raises(AwayError):
        list(refresh_all(lists.job))
    list(running)


def test_a_crash_before_compiling_is_made_good_and_nothing_new_is_lost(
    server: FeedServer, lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 2))
    running = refresh_all(lists.job)
    next(running)
    del running
    assert not lists.job.lists_path.exists()
    assert lists.told() == [], "what the compiled lists do not hold yet is not told"
    assert list(refresh_all(lists.job)) == []
    assert len(lists.lists().look_up("https://evil-1.example/login")) == 1
    assert [(source, len(new)) for source, new in lists.told()] == [("phish", 2)]


def test_damaged_notes_are_as_good_as_none(server: FeedServer, lists: Lists) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 2), etag='"1"')
    lists.refresh()
    for path in (lists.job.directory / "lists" / "phish").iterdir():
        if path.name == "state.json":
            path.write_bytes(b"{")
    assert lists.refresh()[0].text == "2 entries, 0 of them new"
    assert lists.state().entries == 2


@pytest.mark.parametrize("damage", [b"", b"BSTHRT\x00\x63", b"x" * 100])
def test_compiled_lists_that_cannot_be_read_are_made_anew(
    server: FeedServer, lists: Lists, damage: bytes
) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 2), etag='"1"')
    lists.refresh()
    lists.job.lists_path.write_bytes(damage)
    assert list(refresh_all(lists.job)) == []
    assert len(lists.lists().look_up("https://evil-1.example/login")) == 1
    lists.job.lists_path.unlink()
    assert list(refresh_all(lists.job)) == []
    assert len(lists.lists().look_up("https://evil-1.example/login")) == 1


def test_a_list_is_due_when_its_pause_is_over_or_its_settings_have_changed(
    server: FeedServer, lists: Lists
) -> None:
    assert not is_anything_due(msgspec.structs.replace(lists.job, sources=()))
    assert is_anything_due(lists.job)
    lists.add("second", Form.PLAIN, "/second")
    server.pages["/feed.txt"] = server.pages["/second"] = Page(urls(0, 2))
    lists.refresh()
    assert not is_anything_due(lists.job)
    lists.change("second", next_at=time.time() - 3600)
    assert is_anything_due(lists.job)
    assert [outcome.name for outcome in refresh_all(lists.job)] == ["second"]
    server.pages["/mirror"] = Page(urls(0, 2))
    lists.add("phish", Form.OPENPHISH, "/mirror")
    assert [outcome.name for outcome in refresh_all(lists.job)] == ["phish"]


def test_a_clock_that_is_set_back_makes_no_list_wait_for_years(server: FeedServer, lists: Lists) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 2))
    lists.refresh()
    then = time.time() + 10 * 365 * DAY
    lists.change("phish", checked_at=then, next_at=then + 3600)
    assert is_anything_due(lists.job)
    assert is_stale(lists.sources["phish"], lists.state())
    lists.change("phish", checked_at=time.time() + 5, next_at=time.time() + 7 * DAY)
    assert not is_anything_due(lists.job), "as long as a server may want"
    assert not is_stale(lists.sources["phish"], lists.state())


def test_what_a_killed_process_was_writing_does_not_stay(server: FeedServer, lists: Lists) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 2))
    lists.refresh()
    directory = lists.job.directory
    killed = """
import os, pathlib, sys
from backstamp.shared_files.replacing import replacing
with replacing(pathlib.Path(sys.argv[1])) as file:
    file.write(bytes(1000))
    file.flush()
    os.kill(os.getpid(), 9)
"""
    beside = (lists.job.lists_path, directory / "lists/phish/entries", directory / "new/1-phish.pending")
    for path in beside:
        assert subprocess.run([sys.executable, "-c", killed, str(path)], check=False).returncode == -9
        assert len(list(path.parent.glob(f".{path.name}.*"))) == 1
    lists.refresh()
    for path in beside:
        assert list(path.parent.glob(".*")) == []


def test_a_list_that_needs_too_much_memory_does_not_keep_the_others_back(
    server: FeedServer, lists: Lists
) -> None:
    # In one piece: where a small one is the first that is not to be had, msgspec may end the process.
    rows = b'{\n"1":[{"url":"http://evil.example/' + bytes(90_000_000).replace(b"\0", b"a") + b'"}]}'
    server.pages["/bomb"] = Page(gzip.compress(rows, 1))
    server.pages["/hosts"] = Page(b"bad.example\n")
    lists.sources = {}
    lists.add("bomb", Form.URLHAUS, "/bomb", max_bytes=10**6, max_unpacked=10**8)
    lists.add("hosts", Form.PLAIN, "/hosts")
    little = "from backstamp.worker.feeds.running import child; child.MEMORY_BYTES = 180 << 20; child.main()"
    done = subprocess.run(
        [sys.executable, "-c", little, str(os.getpid())], input=encode_job(lists.job), capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert [msgspec.json.decode(line, type=Outcome)[:3] for line in done.stdout.splitlines()] == [
        ("bomb", "not updated: it needs more memory than there is", False),
        ("hosts", "1 entry, 1 of them new", True),
    ]
    assert lists.state("bomb").failures == 1


def test_a_list_whose_reader_ends_the_process_rests_while_the_others_are_refreshed(
    server: FeedServer, lists: Lists
) -> None:
    server.pages["/bomb"] = server.pages["/hosts"] = Page(b"bad.example\n")
    lists.sources = {}
    lists.add("bomb", Form.PLAIN, "/bomb")
    lists.add("hosts", Form.PLAIN, "/hosts")
    broken = (
        "import os; from backstamp.worker.feeds.refreshing import named_lists; had = named_lists._had\n"
        "from backstamp.worker.feeds.running import child\n"
        "named_lists._had = lambda source, *rest: source.name == 'bomb' and os.kill(os.getpid(), 9)"
        " or had(source, *rest)\n"
        "child.main()"
    )
    for code, told in ((-9, []), (0, [("hosts", "1 entry, 1 of them new", True)])):
        done = subprocess.run(
            [sys.executable, "-c", broken, str(os.getpid())],
            input=encode_job(lists.job),
            capture_output=True,
        )
        assert (done.returncode, done.stderr) == (code, b"")
        assert [msgspec.json.decode(line, type=Outcome)[:3] for line in done.stdout.splitlines()] == told
    state, being_read = standing_of(ListStore(lists.job.directory, "bomb"))
    assert (state.failures, state.why, being_read) == (1, "what read it was ended in the middle", False)


def test_while_a_list_is_read_it_says_so_and_no_failure_is_made_up(
    server: FeedServer, lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 2))
    had = named_lists._had
    store = ListStore(lists.job.directory, "phish")
    seen: list[tuple[int, str, bool]] = []

    def watched(*arguments: Any) -> Any:
        state, being_read = standing_of(store)
        seen.append((state.failures, state.why, being_read))
        assert (store.state().failures, store.state().why) == (
            state.failures + 1,
            "what read it was ended in the middle",
        )
        return had(*arguments)

    monkeypatch.setattr(named_lists, "_had", watched)
    lists.refresh()
    server.pages["/feed.txt"] = Page(status=503)
    lists.refresh()
    lists.refresh()
    assert seen == [(0, "", True), (0, "", True), (1, "", True)]
    state, being_read = standing_of(store)
    assert (state.failures, state.why, being_read) == (2, "the server answered 503", False)


def test_a_look_that_ends_well_while_somebody_asks_is_told_as_no_failure(tmp_path: Path) -> None:
    class EndsMeanwhile(ListStore):
        def is_being_read(self) -> bool:
            self.write_state(State(checked_at=time.time(), entries=3))
            return False

    store = EndsMeanwhile(tmp_path, "phish")
    store.prepare()
    store.write_state(begun(State()))
    state, being_read = standing_of(store)
    assert (state.failures, state.why, state.entries, being_read) == (0, "", 3, False)


def test_a_copy_that_is_gone_is_asked_for_although_the_list_has_not_changed(
    server: FeedServer, lists: Lists, tmp_path: Path
) -> None:
    server.pages["/feed.txt"] = Page(urls(0, 2), etag='"1"')
    file = tmp_path / "own.txt"
    file.write_text("casino.example\n")
    lists.add("own", Form.PLAIN, "", address=str(file), trusted=True)
    lists.refresh()
    assert [outcome.text for outcome in lists.refresh()] == ["unchanged", "unchanged"]
    for name in ("phish", "own"):
        (lists.job.directory / "lists" / name / "entries").unlink()
    assert is_anything_due(lists.job), "of a file it is seen at once"
    assert [outcome.text for outcome in lists.refresh()] == [
        "1 entry, 1 of them new",
        "2 entries, 2 of them new",
    ]
    assert len(lists.lists().look_up("https://evil-1.example/login")) == 1
    assert len(lists.lists().look_up("http://casino.example/")) == 1


@pytest.mark.parametrize("where", ["write_entries", "write_state"])
def test_while_the_disk_is_full_no_try_takes_more_of_it(
    server: FeedServer, lists: Lists, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """What is new was written down at each try, every five minutes: 35 MB of ten million prefixes."""
    server.pages["/feed.txt"] = Page(urls(0, 2))
    write_state = ListStore.write_state
    with monkeypatch.context() as full:

        def fail(store: ListStore, what: object) -> None:
            if isinstance(what, State) and what.failures:  # that a look has begun
                return write_state(store, what)
            raise OSError(errno.ENOSPC, "No space left on device")

        full.setattr(ListStore, where, fail)
        for _ in range(3):
            with pytest.raises(OSError, match="No space"):
                lists.refresh()
        waiting = len(list((lists.job.directory / "new").iterdir()))
        assert waiting == (1 if where == "write_state" else 0)
    lists.refresh()
    assert lists.told() == [("phish", ["evil-0.example/login", "evil-1.example/login"])]


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(lists: Lists, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "own.txt")
    lists.sources = {}
    lists.add("own", Form.PLAIN, "", address=str(tmp_path / "own.txt"), trusted=True, seconds=0)
    assert lists.refresh() == [Outcome("own", "not updated: it is no file", good=False)]


def test_a_file_is_in_force_before_a_publisher_is_waited_for(
    server: FeedServer, lists: Lists, tmp_path: Path
) -> None:
    """Who blocks a host in a file of theirs does not wait for others' lists, which may take minutes."""
    own = tmp_path / "own.txt"
    own.write_text("casino.example\n")
    in_force: list[list[int]] = []

    def answer(name: str, _: Query) -> bytes:
        hosts = ("casino.example", "poker.example", "evil.example")
        compiled = lists.lists() if lists.job.lists_path.exists() else None
        in_force.append([len(compiled.look_up(f"http://{host}/")) if compiled else 0 for host in hosts])
        if name == "first":
            own.write_text("casino.example\npoker.example\n")
        return f"http://evil.example/\nhttp://{name}.example/\n".encode()

    lists.sources = {}
    for name in ("first", "second"):
        lists.add(name, Form.PLAIN, f"/{name}")
        server.pages[f"/{name}"] = Page(partial(answer, name))
    lists.add("own", Form.PLAIN, "", address=str(own), trusted=True, seconds=0)
    outcomes = [(outcome.name, outcome.text) for outcome in refresh_all(lists.job)]
    assert outcomes == [
        ("own", "1 entry, 1 of them new"),
        ("first", "2 entries, 2 of them new"),
        ("own", "2 entries, 1 of them new"),
        ("second", "2 entries, 2 of them new"),
    ]
    assert in_force == [[1, 0, 0], [1, 1, 1]]
    assert len(lists.lists().look_up("http://second.example/")) == 1
    assert sorted(name for name, _ in lists.told()) == ["first", "own", "own", "second"]


def test_a_file_is_due_when_it_has_changed(lists: Lists, tmp_path: Path) -> None:
    file = tmp_path / "own.txt"
    file.write_text("casino.example\n")
    lists.sources = {}
    lists.add("own", Form.PLAIN, "", address=str(file), trusted=True, seconds=0)
    lists.refresh()
    assert not is_anything_due(lists.job)
    file.write_text("casino.example\npoker.example\n")
    assert [outcome.text for outcome in refresh_all(lists.job)] == ["2 entries, 1 of them new"]
    file.unlink()
    assert is_anything_due(lists.job)
    lists.refresh()
    assert not is_anything_due(lists.job), "what is not there is looked for after a pause"
    assert is_stale(lists.sources["own"], lists.state("own"))
    assert len(lists.lists().look_up("http://poker.example/")) == 1
    assert not is_stale(lists.sources["own"], State(checked_at=1))


def test_a_list_is_stale_after_three_looks_and_a_day(lists: Lists) -> None:
    source = lists.sources["phish"]
    now = time.time()
    assert is_stale(source, State())
    assert not is_stale(source, State(checked_at=now - DAY + 60))
    assert is_stale(source, State(checked_at=now - DAY - 60))
    weekly = msgspec.structs.replace(source, seconds=7 * DAY)
    assert not is_stale(weekly, State(checked_at=now - 20 * DAY))
    assert is_stale(weekly, State(checked_at=now - 22 * DAY))
