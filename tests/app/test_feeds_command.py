"""`backstamp feeds`: what is on, looked at now, and files read as a feed would be."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from backstamp.app.commands.feeds import feeds
from backstamp.app.context import AppContext
from backstamp.app.doctor.feeds import dns_lists
from backstamp.app.doctor.feeds import feeds as examined
from backstamp.app.doctor.findings import Grade
from backstamp.app.settings import SettingsError, load
from backstamp.app.starting.problems import check
from backstamp.app.wiring.feeds import feeds_config
from backstamp.shared_files.threat_file import ThreatFile
from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds.keeping.copies import ListStore
from backstamp.worker.feeds.lists.source import Form
from backstamp.worker.feeds.providers.dns_lists import DnsForm, DnsList, Trouble
from backstamp.worker.feeds.questions.resting import Resting
from backstamp.worker.feeds.refreshing.due_lists import refresh_all
from tests.app.in_process import Here
from tests.worker.feeds.dns_server import dns_server
from tests.worker.feeds.feed_server import FeedServer, Page, feed_server


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as serving:
        yield serving


def test_a_feed_is_switched_on_refreshed_and_shown(server: FeedServer, tmp_path: Path, here: Here) -> None:
    server.pages["/feed.txt"] = Page(b"https://evil.example/login\nhttps://drive.google.com/\n", etag='"1"')
    own = tmp_path / "own.txt"
    own.write_text("casino.example\n")
    settings = {
        "BACKSTAMP_FEEDS_ENABLED": "openphish surbl",
        "BACKSTAMP_FEEDS_MIRRORS": f"openphish={server.url('/feed.txt')}",
        "BACKSTAMP_FEEDS_LISTS": f"own={own} phishing:gone={server.url('/gone')}",
    }
    before = here("feeds", "list", settings=settings).stdout.splitlines()
    assert before[0] == "openphish               never had"
    assert before[3] == "surbl                   asked when mail comes"
    assert before[4] == "urlhaus                 off  (free account at abuse.ch; fair use)"
    done = here("feeds", "refresh", settings=settings)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "own: 1 entry, 1 of them new",
        "openphish: 1 entry, 1 of them new, 1 left out",
    ]
    assert done.stderr.splitlines() == [
        "gone: not updated: the server answered 404",
        "backstamp: 1 of 3 lists not updated",
    ]
    lists = ThreatFile(tmp_path / "data" / "threats.lists").current()
    assert lists is not None
    assert [each.source for each in lists.look_up("https://evil.example/login")] == ["openphish"]
    assert [each.threat_type for each in lists.look_up("http://casino.example/")] == [ThreatType.FORBIDDEN]
    assert here("feeds", "refresh", "own", settings=settings).stdout == "own: unchanged\n"
    shown = here("feeds", "list", settings=settings).stdout.splitlines()
    assert shown[0].startswith("openphish                      1 entry, 1 left out, ")
    assert shown[2].startswith(
        "gone                    never had; 1 failures: the server answered 404; again in "
    )
    assert len(server.asked) == 2


def test_what_is_asked_wrongly_is_answered_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BACKSTAMP_DATA_DIR", str(tmp_path / "data"))
    for arguments, enabled, said in (
        (["refresh"], "", "no list is on"),
        (["refresh", "urlhaus"], "", "'urlhaus' is not on; on are: none"),
        (["check", "missing"], "", "does not exist"),
        (["check", ".", "--as", "plain"], "", "is a directory"),
        (["refresh"], "urlhaus", "which needs feeds.urlhaus_key"),
    ):
        monkeypatch.setenv("BACKSTAMP_FEEDS_ENABLED", enabled)
        done = CliRunner().invoke(feeds, arguments, obj=AppContext(None))
        assert done.exit_code != 0
        assert said in (done.stderr or str(done.exception))
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_cannot_be_read_as_a_feed_and_the_line_says_why() -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, b"evil.example\n")
        refused = CliRunner().invoke(feeds, ["check", f"/dev/fd/{reading}"], obj=AppContext(None))
    finally:
        os.close(reading)
        os.close(writing)
    assert (refused.exit_code, refused.stderr) == (
        1,
        f"Error: /dev/fd/{reading}: File or stream is not seekable.\n",
    )


def test_a_file_is_read_as_a_feed_would_be(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("evil.example\nfacebook.com\nhttp://evil.test/a/../b\n???\n")
    checked = CliRunner().invoke(feeds, ["check", str(file), "--show"], obj=AppContext(None))
    assert checked.stdout.splitlines() == ["evil.example/", "evil.test/b"]
    assert checked.stderr == "2 entries, 1 malformed, 1 well_known\n"
    own = CliRunner().invoke(feeds, ["check", str(file), "--own"], obj=AppContext(None))
    assert own.stdout == "3 entries, 1 malformed\n"
    refused = CliRunner().invoke(feeds, ["check", str(file), "--as", "misp"], obj=AppContext(None))
    assert refused.exit_code == 2
    assert refused.stderr == f"Error: {file}: an event of it is no event of MISP\n"


def test_settings_become_sources(tmp_path: Path) -> None:
    settings = load(
        environ={
            "BACKSTAMP_DATA_DIR": str(tmp_path),
            "BACKSTAMP_TRACKING_URL": "https://t.example.org",
            "BACKSTAMP_GATEWAY_HOSTNAME": "mx.example.org",
            "BACKSTAMP_FEEDS_ENABLED": "urlhaus,safe-browsing,spamhaus-dbl,surbl",
            "BACKSTAMP_FEEDS_URLHAUS_KEY": "k1",
            "BACKSTAMP_FEEDS_SAFE_BROWSING_KEY": "k2",
            "BACKSTAMP_FEEDS_SPAMHAUS_KEY": "k3",
            "BACKSTAMP_FEEDS_MINUTES": "15",
            "BACKSTAMP_FEEDS_LISTS": "osint=misp+https://misp.example/feed own=/etc/own.txt",
        }
    )
    config = feeds_config(settings)
    assert [(source.name, source.form, source.seconds) for source in config.sources] == [
        ("urlhaus", Form.URLHAUS, 900),
        ("safe-browsing", Form.SAFE_BROWSING, 900),
        ("osint", Form.MISP, 900),
        ("own", Form.PLAIN, 900),
    ]
    assert config.sources[0].url == "https://urlhaus-api.abuse.ch/v2/files/exports/k1/recent.csv"
    assert config.sources[2].url == "https://misp.example/feed"
    assert [source.trusted for source in config.sources] == [False, False, False, True]
    assert config.dns_lists == (
        DnsList(DnsForm.SPAMHAUS_DBL, "k3.dbl.dq.spamhaus.net"),
        DnsList(DnsForm.SURBL, "multi.surbl.org"),
    )
    assert config.own_hosts == ("127.0.0.1", "mx.example.org", "t.example.org")


def test_by_default_nothing_is_asked(tmp_path: Path) -> None:
    config = feeds_config(load(environ={"BACKSTAMP_DATA_DIR": str(tmp_path)}))
    assert (config.sources, config.dns_lists) == ((), ())


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"BACKSTAMP_FEEDS_ENABLED": "web-risk"}, "needs feeds.web_risk_key"),
        ({"BACKSTAMP_FEEDS_RESOLVER": "localhost:53"}, "feeds.resolver needs an address"),
    ],
)
def test_settings_that_are_wrong_together(tmp_path: Path, settings: dict[str, str], fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        check(load(environ={"BACKSTAMP_DATA_DIR": str(tmp_path), **settings}))


def test_a_list_that_is_left_alone_or_read_just_now_says_so(tmp_path: Path, here: Here) -> None:
    own = tmp_path / "own.txt"
    own.write_text("casino.example\n")
    settings = {"BACKSTAMP_FEEDS_ENABLED": "spamhaus-dbl", "BACKSTAMP_FEEDS_LISTS": f"own={own}"}
    assert here("feeds", "refresh", settings=settings).returncode == 0
    directory = tmp_path / "data" / "feeds"
    Resting(directory).failed("spamhaus-dbl", Trouble.EVERYTHING.value, least_seconds=3599)
    with ListStore(directory, "own").being_read():
        shown = here("feeds", "list", settings=settings).stdout.splitlines()
    assert shown[0].startswith("own                            1 entry, ")
    assert shown[0].endswith(" old; being refreshed")
    assert shown[1] == (
        "spamhaus-dbl            asked when mail comes; NOT ASKED: it lists everything, even what cannot be; "
        "again in 60 min"
    )


def test_the_doctor_sees_that_a_dns_list_lists_everything(tmp_path: Path) -> None:
    with dns_server() as names:
        names.everything = "127.0.1.2"
        environ = {
            "BACKSTAMP_DATA_DIR": str(tmp_path),
            "BACKSTAMP_FEEDS_ENABLED": "spamhaus-dbl",
            "BACKSTAMP_FEEDS_RESOLVER": names.address,
        }
        (finding,) = dns_lists(load(environ=environ))
    assert finding.grade is Grade.NOTE
    assert finding.text == "it lists everything, even what cannot be, so that nothing of it counts"


@pytest.mark.parametrize(
    ("address", "grade", "text"),
    [
        ("127.0.1.2", Grade.GOOD, "answers"),
        ("127.255.255.254", Grade.NOTE, "it refuses to answer, so that nothing is listed"),
        ("203.0.113.1", Grade.NOTE, "it does not know its own test entry"),
        ("", Grade.NOTE, "it does not know its own test entry"),
    ],
)
def test_the_doctor_asks_whether_a_dns_list_answers(
    tmp_path: Path, address: str, grade: Grade, text: str
) -> None:
    with dns_server() as names:
        if address:
            names.names["dbltest.com.dbl.spamhaus.org."] = [address]
        environ = {
            "BACKSTAMP_DATA_DIR": str(tmp_path),
            "BACKSTAMP_FEEDS_ENABLED": "spamhaus-dbl",
            "BACKSTAMP_FEEDS_RESOLVER": names.address,
        }
        (finding,) = dns_lists(load(environ=environ))
    assert (finding.subject, finding.grade, finding.text) == ("spamhaus-dbl", grade, text)


def test_a_mirror_may_want_no_key(tmp_path: Path) -> None:
    check(
        load(
            environ={
                "BACKSTAMP_DATA_DIR": str(tmp_path),
                "BACKSTAMP_FEEDS_ENABLED": "urlhaus",
                "BACKSTAMP_FEEDS_MIRRORS": "urlhaus=https://mirror.example/recent.csv",
            }
        )
    )


def test_the_doctor_tells_of_lists_that_are_stale(server: FeedServer, tmp_path: Path) -> None:
    server.pages["/feed.txt"] = Page(b"https://evil.example/login\n")
    settings = load(
        environ={
            "BACKSTAMP_DATA_DIR": str(tmp_path),
            "BACKSTAMP_FEEDS_LISTS": f"good={server.url('/feed.txt')} gone={server.url('/gone')}",
        }
    )
    list(refresh_all(feeds_config(settings).job))
    stale, new = examined(settings)
    assert (stale.grade, stale.text) == (
        Grade.NOTE,
        "the list gone was never had: the server answered 404",
    )
    assert stale.fix == "run: backstamp feeds refresh gone"
    assert (new.grade, new.text) == (Grade.GOOD, "lists of dangerous URLs are new: good")
