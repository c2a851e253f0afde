"""What the edge answers and records, without a server."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstamp.edge import Edge, EdgeConfig, FloodLimits
from backstamp.edge.recording import losses
from backstamp.edge.replies.prepared import GIF, PIXEL_HEADERS
from backstamp.journal import JournalUnavailableError, JournalWriter
from backstamp.policy import Kills
from backstamp.shared_files import (
    Answer,
    Drop,
    EdgeCounters,
    SignatureFile,
    SnapshotFile,
    SourceKeys,
    ThreatFile,
    publish_updates,
)
from backstamp.shared_files.answers_file import AnswersFile
from backstamp.shared_files.edge_counters import read_edge_counters
from backstamp.tokens import ANONYMOUS
from backstamp.verdicts.networks import NOT_SEEN
from backstamp.verdicts.published import ListCopy, Updates
from backstamp.vocabulary import MALFORMED, ClickAction, Hit, HitKind
from tests.edge.fake import FakeProtocol, FakeScope
from tests.edge.setting import (
    OTHER_RING,
    RECIPIENT,
    RING,
    URL,
    WITHDRAWN,
    edge_in,
    hits_in,
    link,
    pixel,
    publish,
)

Ask = Callable[..., FakeProtocol]
PAGE = [("sec-fetch-dest", "document"), ("accept", "text/html,*/*")]


def asker(edge: Edge) -> Ask:
    def ask(path: str, **more: object) -> FakeProtocol:
        proto = FakeProtocol()
        answering = edge.__rsgi__(FakeScope(path, **more), proto)  # type: ignore[arg-type]
        with pytest.raises(StopIteration):  # done in one step: an answer waits for nothing
            answering.send(None)
        return proto

    return ask


def posted(edge: Edge, path: str, body: bytes = b"", **more: object) -> FakeProtocol:
    """Send a form; its body is waited for."""
    proto = FakeProtocol(pieces=[body[:5], body[5:]])
    asyncio.run(edge.__rsgi__(FakeScope(path, "POST", **more), proto))  # type: ignore[arg-type]
    return proto


def test_of_a_pixel_that_is_asked_for_absurdly_often_no_more_is_written(tmp_path: Path) -> None:
    publish(tmp_path)
    edge = edge_in(tmp_path, EdgeConfig(host="127.0.0.1", port=0, flood_limits=FloodLimits(written=3)))
    ask = asker(edge)
    for token in (pixel(), pixel(recipient_key=ANONYMOUS)):
        before = len(hits_in(tmp_path))
        replies = [ask(f"/{token}{tail}") for _ in range(5) for tail in ("", "%22")]
        assert [reply.body for reply in replies[::2]] == [GIF] * 5
        assert len(hits_in(tmp_path)) - before == 3
    assert edge._counts[Drop.HIT_LIMIT] == 7 + 7
    edge._floods.fade()
    edge._floods.fade()
    ask(f"/{pixel()}")
    assert len(hits_in(tmp_path)) == 7, "it is forgotten in time"


def test_of_a_pixel_that_a_newsletter_has_for_all_its_readers_every_reader_is_written(tmp_path: Path) -> None:
    publish(tmp_path)
    edge = edge_in(tmp_path, EdgeConfig(host="127.0.0.1", port=0, flood_limits=FloodLimits(written=3)))
    ask, token = asker(edge), pixel(recipient_key=ANONYMOUS)
    readers = [f"192.0.{network}.{host}:4711" for network in range(20) for host in range(3)]
    readers += [f"[2001:db8:{network}::1]:4711" for network in range(20) for _ in range(3)]
    for client in [*readers, "192.0.7.9:4711", "[2001:db8:7:8::1]:4711"]:
        ask(f"/{token}", client=client)
    assert len(hits_in(tmp_path)) == len(readers)
    assert edge._counts[Drop.HIT_LIMIT] == 2


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    publish(tmp_path)
    edge = edge_in(tmp_path)
    yield asker(edge)
    with closing(asyncio.new_event_loop()) as loop:
        edge.__rsgi_del__(loop)


def test_a_pixel_is_answered_with_the_image_and_recorded(ask: Ask, tmp_path: Path) -> None:
    reply = ask(f"/{pixel()}", fields=[("user-agent", "Mozilla/5.0"), ("cookie", "secret=1")])
    assert (reply.status, reply.headers, reply.body) == (200, PIXEL_HEADERS, GIF)
    (hit,) = hits_in(tmp_path)
    assert hit == Hit(
        at_us=hit.at_us,
        kind=HitKind.PIXEL,
        domain_id=1,
        tracking_id=7,
        recipient_key=RECIPIENT,
        headers={"user_agent": "Mozilla/5.0"},
        source=hit.source,
    )
    assert len(hit.source) == 8


def test_the_image_is_a_gif_of_43_bytes() -> None:
    assert len(GIF) == 43
    assert GIF[:10] == b"GIF89a\x01\x00\x01\x00"
    assert GIF[-1:] == b";"


def test_a_link_leads_to_the_very_url_that_was_sealed(ask: Ask, tmp_path: Path) -> None:
    reply = ask(f"/{link()}")
    assert (reply.status, reply.field("location"), reply.body) == (302, URL, b"")
    assert reply.field("referrer-policy") == "no-referrer"
    assert "no-store" in (reply.field("cache-control") or "")
    (hit,) = hits_in(tmp_path)
    assert (hit.kind, hit.recipient_index, hit.link_number, hit.recipient_key) == (
        HitKind.REDIRECT,
        2,
        3,
        b"",
    )


def test_head_is_answered_alike_and_recorded_as_what_it_is(ask: Ask, tmp_path: Path) -> None:
    for token in (pixel(), link()):
        get, head = ask(f"/{token}"), ask(f"/{token}", method="HEAD")
        length = [] if get.field("content-length") else [("content-length", str(len(get.body)))]
        assert (head.status, head.headers, head.body) == (get.status, [*get.headers, *length], b"")
    assert [hit.method for hit in hits_in(tmp_path)] == ["GET", "HEAD", "GET", "HEAD"]


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get", ""]
)
def test_other_methods_are_not_allowed_and_not_recorded(tmp_path: Path, method: str) -> None:
    publish(tmp_path)
    edge = edge_in(tmp_path)
    for token in (pixel(), link()):
        reply = posted(edge, f"/{token}") if method == "POST" else asker(edge)(f"/{token}", method=method)
        assert (reply.status, reply.field("allow")) == (405, "GET, HEAD")
    assert hits_in(tmp_path) == []


def test_health_and_robots(ask: Ask, tmp_path: Path) -> None:
    assert (ask("/healthz").status, ask("/healthz").body) == (200, b"ok")
    assert ask("/robots.txt").body == b"User-agent: *\nDisallow: /\n"
    assert hits_in(tmp_path) == []


@pytest.mark.parametrize("path", ["/", "", "/favicon.ico", "/index.html", "/healthz/", "*", "/" + "a" * 44])
def test_everything_else_is_a_plain_page(ask: Ask, path: str) -> None:
    reply = ask(path)
    assert reply.status == 404
    assert reply.field("location") is None
    assert re.findall(rb'<section lang="(\w\w)">', reply.body) == [b"en", b"de", b"ko"]
    assert b"backstamp" not in reply.body.lower()
    assert "backstamp" not in str(reply.headers).lower()


@pytest.mark.parametrize("length", [45, 47, 48, 49, 51])
def test_a_bad_token_as_long_as_a_pixels_gets_the_image(ask: Ask, tmp_path: Path, length: int) -> None:
    reply = ask("/" + (pixel() + "'''")[:length].replace("A", "B"))
    assert (reply.status, reply.headers, reply.body) == (200, PIXEL_HEADERS, GIF)
    assert hits_in(tmp_path) == []


@pytest.mark.parametrize(
    "fields", [[("sec-fetch-dest", "image")], [("accept", "image/avif,image/*,*/*;q=0.8")]]
)
def test_whoever_wants_an_image_gets_one(ask: Ask, fields: list[tuple[str, str]]) -> None:
    for path in ("/x", "/" + link()[:-3], "/" + pixel()[:20]):
        assert ask(path, fields=fields).body == GIF


def test_whoever_goes_to_a_page_gets_a_page_also_for_48_characters(ask: Ask) -> None:
    assert ask("/" + "x" * 48, fields=PAGE).status == 404


@pytest.mark.parametrize("url", ["https://a.example/", "https://a.example/b", "https://a.example/bc"])
def test_only_our_own_spelling_of_a_token_opens(ask: Ask, url: str) -> None:
    token = link(url=url)
    assert ask(f"/{token}").field("location") == url
    spellings = {
        token[:-1] + last for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/="
    }
    spellings |= {token + "=" * n for n in (1, 2, 3)} | {token.replace("-", "+"), token.replace("_", "/")}
    for other in spellings - {token}:
        assert ask(f"/{other}").field("location") is None


def test_a_pixel_or_link_of_a_foreign_key_opens_nothing(ask: Ask, tmp_path: Path) -> None:
    assert ask(f"/{pixel(ring=OTHER_RING)}").body == GIF
    assert ask(f"/{link(ring=OTHER_RING)}").status == 404
    assert hits_in(tmp_path) == []


@pytest.mark.parametrize(
    "url", ["https://a.example/\r\nX: y", "https://a.example/\n", "https://a.example/\0", "a\x7f"]
)
def test_a_sealed_url_that_no_header_can_carry_is_no_redirect(ask: Ask, url: str) -> None:
    assert ask(f"/{link(url=url)}").status == 404


def test_a_protected_link_that_cannot_be_checked_asks_the_person(tmp_path: Path) -> None:
    edge = edge_in(tmp_path)
    token = link(url="https://evil.example/?a=<b>&c", protected=True)
    for method in ("GET", "HEAD"):
        page = asker(edge)(f"/{token}", method=method)
        assert (page.status, page.field("location")) == (503, None)
        assert "default-src 'none'" in (page.field("content-security-policy") or "")
        if method == "HEAD":
            assert page.body == b""
            continue
        assert b"cannot be checked now" in page.body
        assert b"https://evil.example/?a=&lt;b&gt;&amp;c" in page.body
        assert b'<form method="post" class="go-on">' in page.body
    onward = posted(edge, f"/{token}", b"act=go_on")
    assert (onward.status, onward.field("location")) == (303, "https://evil.example/?a=<b>&c")
    hits = hits_in(tmp_path)
    assert [hit.method for hit in hits] == ["GET", "HEAD", "POST"]
    assert [hit.action for hit in hits] == [ClickAction.WARN, ClickAction.WARN, ClickAction.GO_ON]


def test_a_protected_link_that_nothing_speaks_against_leads_on(ask: Ask, tmp_path: Path) -> None:
    reply = ask(f"/{link(protected=True)}")
    assert (reply.status, reply.field("location"), reply.body) == (302, URL, b"")
    assert [hit.action for hit in hits_in(tmp_path)] == [ClickAction.ALLOW]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "post", "PATCH"])
def test_only_a_post_goes_on_to_a_protected_link(ask: Ask, tmp_path: Path, method: str) -> None:
    reply = ask(f"/{link(protected=True)}", method=method)
    assert (reply.status, reply.field("location")) == (405, None)
    assert hits_in(tmp_path) == []


def test_a_post_goes_nowhere_with_a_link_that_no_header_can_carry(tmp_path: Path) -> None:
    edge = edge_in(tmp_path)
    token = link(url="https://a.example/\r\nX: y", protected=True)
    assert posted(edge, f"/{token}", b"act=go_on").status == 405
    assert asker(edge)(f"/{token}").status == 404


@pytest.mark.parametrize(
    "tail", [".", ")", ").", "]", "%5D,", "...", "!?", "*", "%E2%80%9D", "%e3%80%82", "%EF%BC%89."]
)
def test_what_closes_a_text_behind_a_link_breaks_no_link(ask: Ask, tmp_path: Path, tail: str) -> None:
    reply = ask(f"/{link()}{tail}", fields=PAGE)
    assert (reply.status, reply.field("location")) == (302, URL)
    (hit,) = hits_in(tmp_path)
    assert (hit.kind, hit.link_number, MALFORMED in hit.headers) == (HitKind.REDIRECT, 3, False)


MARKUP = ["'", '"', ">", "'>here</a>", "\\", "%27", "%22%3E", "&quot;", "&#39;)"]


@pytest.mark.parametrize("tail", MARKUP)
def test_a_link_with_markup_behind_it_is_not_found_and_recorded_as_what_it_is(
    ask: Ask, tmp_path: Path, tail: str
) -> None:
    reply = ask(f"/{link()}{tail}", fields=PAGE)
    assert (reply.status, reply.field("location")) == (404, None)
    (hit,) = hits_in(tmp_path)
    assert (hit.kind, hit.tracking_id, hit.recipient_index, hit.link_number) == (HitKind.REDIRECT, 7, 2, 3)
    assert hit.headers[MALFORMED] == tail


def test_a_pixel_with_markup_behind_it_is_recorded_as_what_it_is(ask: Ask, tmp_path: Path) -> None:
    assert ask(f"/{pixel()}'").status == 200
    (hit,) = hits_in(tmp_path)
    assert (hit.kind, hit.recipient_key, hit.headers[MALFORMED]) == (HitKind.PIXEL, RECIPIENT, "'")


@pytest.mark.parametrize(
    "path",
    [
        *(
            link() + tail
            for tail in (
                ".x",
                ")/",
                "." * 9,
                "=",
                "%00",
                "%2",
                "에서",
                "Thanks",
                "/'",
                "'" + "x" * 17,
                "'\x00",
                "'é",
            )
        ),
        *(link(ring=OTHER_RING) + "'", link()[:-1] + "'", "'" + link(), link(protected=True) + "'"),
        *(link(ring=OTHER_RING) + ".", link()[:-1] + ".", "." + link(), link() + ".'"),
        pixel(recipient_key=WITHDRAWN) + "'",
        pixel() + ".....",
    ],
)
def test_what_a_reader_may_ask_for_or_is_none_of_ours_is_not_recorded(
    ask: Ask, tmp_path: Path, path: str
) -> None:
    assert ask(f"/{path}", fields=PAGE).status == 404
    assert hits_in(tmp_path) == []


def test_no_header_field_of_a_client_makes_its_hit_a_malformed_one(ask: Ask, tmp_path: Path) -> None:
    ask(f"/{link()}", fields=[("malformed-token", "'"), ("malformed_token", "'")])
    (hit,) = hits_in(tmp_path)
    assert MALFORMED not in hit.headers


def test_withdrawn_consent_keeps_the_image_and_records_nothing(ask: Ask, tmp_path: Path) -> None:
    assert ask(f"/{pixel(recipient_key=WITHDRAWN)}").body == GIF
    assert hits_in(tmp_path) == []


def test_tracking_switched_off_keeps_links_alive_and_records_nothing(tmp_path: Path) -> None:
    publish(tmp_path, enabled=False)
    ask = asker(edge_in(tmp_path))
    assert ask(f"/{link()}").field("location") == URL
    assert ask(f"/{pixel()}").body == GIF
    assert hits_in(tmp_path) == []


def test_without_a_policy_links_work_and_no_address_is_kept(tmp_path: Path) -> None:
    ask = asker(edge_in(tmp_path))
    assert ask(f"/{link()}").field("location") == URL
    (hit,) = hits_in(tmp_path)
    assert hit.address is None


@pytest.mark.parametrize(("keep", "address"), [(False, None), (True, "192.0.2.1")])
def test_the_address_is_kept_only_where_the_policy_keeps_it(tmp_path: Path, keep: bool, address: str) -> None:
    publish(tmp_path, keep_addresses=keep)
    asker(edge_in(tmp_path))(f"/{pixel()}")
    assert [hit.address for hit in hits_in(tmp_path)] == [address]
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("journal/*/*.seg"))
    assert (b"192.0.2.1" in raw) is keep


def test_network_class_and_source_come_from_the_client_behind_our_proxy(tmp_path: Path) -> None:
    publish(tmp_path, keep_addresses=True)
    edge = edge_in(
        tmp_path, EdgeConfig(host="127.0.0.1", port=0, trusted_proxies=(ip_network("10.0.0.0/8"),))
    )
    ask = asker(edge)
    google = "66.249.84.1"
    through = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", f"198.51.100.7, {google}")]
    ask(f"/{pixel()}", client="10.0.0.1:1", fields=through)
    ask(f"/{pixel()}", client=f"{google}:1")
    ask(f"/{pixel()}", client="192.0.2.1:1", fields=through)
    behind, direct, forged = hits_in(tmp_path)
    assert (behind.address, behind.network, behind.source) == (google, direct.network, direct.source)
    assert behind.network != ""
    assert (forged.address, forged.source) != (behind.address, behind.source)
    assert forged.address == "192.0.2.1"


def test_a_peer_without_an_address_is_recorded_as_not_seen(ask: Ask, tmp_path: Path) -> None:
    ask(f"/{pixel()}", client="unix")
    (hit,) = hits_in(tmp_path)
    assert (hit.network, hit.source, hit.address) == (NOT_SEEN, b"", None)


class _Unavailable:
    failing = True

    def append_hit(self, _hit: object) -> None:
        if self.failing:
            raise JournalUnavailableError("journal cannot be written: No space left on device")


def test_without_a_journal_everything_is_answered_and_the_loss_is_shouted_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = edge_in(tmp_path)
    journal = _Unavailable()
    monkeypatch.setattr(edge._recorder, "_journal", journal)
    ask = asker(edge)
    for _ in range(50):
        assert ask(f"/{pixel()}").body == GIF
        assert ask(f"/{link()}").field("location") == URL
    lines = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert [record.getMessage() for record in lines] == [
        "hits are being LOST (1 since it began): journal cannot be written: No space left on device"
    ]
    journal.failing = False
    ask(f"/{pixel()}")
    assert caplog.records[-1].getMessage() == "hits are recorded again; 100 were lost"
    assert edge._counts[Drop.JOURNAL_UNAVAILABLE] == 100


def test_a_loss_that_goes_on_is_told_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "REPEAT_SECONDS", 0)
    counter = losses.Losses(logging.getLogger("backstamp.edge"))
    counter.count("full")
    counter.count("full")
    assert [record.getMessage() for record in caplog.records] == [
        "hits are being LOST (1 since it began): full",
        "hits are being LOST (2 since it began): full",
    ]
    assert counter.total == 2


def test_whatever_breaks_while_recording_the_link_still_works(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = edge_in(tmp_path)
    monkeypatch.setattr(edge._recorder, "_journal", None)
    assert asker(edge)(f"/{link()}").field("location") == URL
    assert "AttributeError while a hit was recorded" in caplog.text
    assert "Traceback" not in caplog.text


def test_new_keys_and_a_new_policy_are_in_force_within_two_seconds(tmp_path: Path) -> None:
    rings = [RING]
    journal = JournalWriter(tmp_path / "journal", role="edge", sync="off")
    edge = Edge(
        EdgeConfig(host="127.0.0.1", port=0),
        keyring=lambda: rings[-1],
        snapshot=SnapshotFile(tmp_path / "snapshot"),
        journal=journal,
        wishes=JournalWriter(tmp_path / "journal", role="edge", ahead=True, sync="off"),
        source_keys=SourceKeys(tmp_path / "source-keys"),
        signatures=SignatureFile(tmp_path / "signatures.json"),
        counters=EdgeCounters(tmp_path / "metrics", journal.sync_times),
        threats=ThreatFile(tmp_path / "threats.lists"),
        answers=AnswersFile(tmp_path / "threats.answers"),
    )
    ask = asker(edge)
    with closing(asyncio.new_event_loop()) as loop:
        edge.__rsgi_init__(loop)
        assert ask(f"/{link(ring=OTHER_RING)}").status == 404
        ask(f"/{pixel(recipient_key=WITHDRAWN)}")
        publish(tmp_path)
        rings.append(OTHER_RING)
        loop.run_until_complete(asyncio.sleep(1.9))
        assert ask(f"/{link(ring=OTHER_RING)}").status == 302
        ask(f"/{pixel(ring=OTHER_RING, recipient_key=WITHDRAWN)}")
        edge.__rsgi_del__(loop)
    assert [hit.kind for hit in hits_in(tmp_path)] == [HitKind.PIXEL, HitKind.REDIRECT]


def test_old_source_keys_are_destroyed_when_the_worker_starts(tmp_path: Path) -> None:
    folder = tmp_path / "source-keys"
    folder.mkdir()
    (folder / "2001-01-01").write_bytes(b"x" * 32)
    edge = edge_in(tmp_path)
    with closing(asyncio.new_event_loop()) as loop:
        edge.__rsgi_init__(loop)
        assert list(folder.iterdir()) == []
        edge.__rsgi_del__(loop)


def test_a_hit_after_the_end_was_announced_is_not_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    edge = edge_in(tmp_path)
    ask = asker(edge)
    ask(f"/{pixel(1)}")
    with closing(asyncio.new_event_loop()) as loop:
        edge.__rsgi_del__(loop)
    assert ask(f"/{pixel(2)}").body == GIF
    assert [hit.tracking_id for hit in hits_in(tmp_path)] == [1, 2]
    assert caplog.records == []


def test_every_answer_and_every_hit_that_is_not_recorded_is_counted(tmp_path: Path) -> None:
    publish(tmp_path, kills=Kills(messages=frozenset({66})))
    edge = edge_in(tmp_path)
    ask = asker(edge)
    protected = link(protected=True)
    for path in (pixel(), pixel(recipient_key=WITHDRAWN), pixel(66), link(), link(66), protected, "healthz"):
        ask(f"/{path}")
    for path in ("nothing", "x" * 48):
        ask(f"/{path}")
    posted(edge, f"/{protected}", b"act=go_on")
    posted(edge, f"/{protected}", b"act=phishing")
    ask("/", method="PUT")
    with closing(asyncio.new_event_loop()) as loop:
        edge.__rsgi_init__(loop)
        (values,) = read_edge_counters(tmp_path / "metrics")
        edge.__rsgi_del__(loop)
    assert values.answers == {
        Answer.PIXEL: 3,
        Answer.REDIRECT: 2,
        Answer.UNCHECKED: 0,
        Answer.ONWARD: 1,
        Answer.BLOCKED: 1,
        Answer.IMAGE: 1,
        Answer.PAGE: 1,
        Answer.NOT_FOUND: 1,
        Answer.NOT_ALLOWED: 1,
        Answer.WARNED: 0,
        Answer.CHECKING: 0,
        Answer.LIMITED: 0,
        Answer.REPORTED: 1,
    }
    assert {reason: n for reason, n in values.drops.items() if n} == {Drop.WITHDRAWN: 1, Drop.KILLED: 1}
    assert sum(values.answer_times[:-1]) == 10
    assert sum(values.answers.values()) == 12, "what waits for a form is not timed"
    assert values.published_at_us == 1


characters = st.characters() | st.sampled_from("/\\.%'\"<>\r\n\0 ?#@:")


@given(
    path=st.text(characters, max_size=80)
    | st.builds(lambda junk: f"/{link()}{junk}", st.text(characters, min_size=1, max_size=5))
    | st.builds(lambda junk: f"{junk}/{link()}", st.text(characters, min_size=1, max_size=5))
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_but_a_link_and_what_closes_a_text_is_ever_a_redirect_or_a_failure(
    ask: Ask, path: str
) -> None:
    reply = ask(path)
    tail = path.removeprefix(f"/{link()}")
    closed = tail != path and len(tail) <= 8 and set(tail) <= set(".,;:!?)]}*")
    assert reply.field("location") == (URL if closed else None)
    assert reply.status in ({302} if closed else {200, 404})


@given(data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_mutation_of_two_links_ever_redirects(ask: Ask, data: st.DataObject) -> None:
    one, two = link(1), link(2, "https://two.example/")
    cut = data.draw(st.integers(0, len(one)))
    mutant = data.draw(
        st.sampled_from([one[:cut], one[:cut] + two[cut:], two[:cut] + one[cut:], one[cut:], one + two])
        | st.builds(
            lambda at, c: one[:at] + c + one[at + 1 :],
            st.integers(0, len(one) - 1),
            st.sampled_from("AZaz09-_"),
        )
    )
    reply = ask(f"/{mutant}")
    assert reply.field("location") == {one: URL, two: "https://two.example/"}.get(mutant)


def test_newer_networks_are_in_force_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backstamp.shared_files.signature_file.RECHECK_SECONDS", 0.0)
    publish(tmp_path)
    edge = edge_in(tmp_path)
    ask = asker(edge)
    ask(f"/{pixel()}", client="198.51.100.7:4711")
    copy = ListCopy(name="apple-relay", prefixes=("198.51.100.0/24",), checked_at=1, changed_at=1)
    publish_updates(tmp_path / "signatures.json", Updates((copy,)))
    edge._refresh_networks()
    ask(f"/{pixel()}", client="198.51.100.7:4711")
    assert [hit.network for hit in hits_in(tmp_path)] == ["", "apple_relay"]
