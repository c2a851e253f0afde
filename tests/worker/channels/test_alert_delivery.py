"""From a click in the journal to an administrator: signed, tried again, and never silently lost."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from email import message_from_bytes, policy
from typing import Any, Self

import msgspec
import pytest

from backstamp.journal import JournalWriter
from backstamp.records.models import Channel, Outgoing
from backstamp.records.outbox import channels
from backstamp.records.outbox import entries as outbox
from backstamp.vocabulary import ChannelKind
from backstamp.worker import WorkerConfig
from backstamp.worker.channels import delivering
from backstamp.worker.config import OwnMailConfig
from backstamp.worker.fetching import post
from backstamp.worker.ingest import batches as ingest_batches
from backstamp.worker.onward import NextHop
from tests.gateway.fake_next_hop import FakeNextHop
from tests.records.journal_records import delivery
from tests.records.received import followed, received
from tests.worker.channels.hook_server import HookServer, hook_server
from tests.worker.running import eventually, looked_up, running, stalls

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with hook_server() as server:
        yield server


class SteadyClock(datetime):
    """The time of day when a test began, and what has passed since: nobody sets it."""

    began = 0.0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp(cls.began + time.monotonic(), tz)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are short, and last as long as they should even where somebody sets the clock."""
    monkeypatch.setattr(outbox, "FIRST_PAUSE", timedelta(seconds=0.2))
    monkeypatch.setattr(SteadyClock, "began", time.time() - time.monotonic())
    monkeypatch.setattr(delivering, "datetime", SteadyClock)
    monkeypatch.setattr(ingest_batches, "datetime", SteadyClock)  # by which a message is due


async def webhook(hook: HookServer, name: str = "ops") -> None:
    await looked_up(lambda: channels.add(name, ChannelKind.WEBHOOK, hook.url(f"/{name}"), "me", SECRET))


def click(config: WorkerConfig, message: int = 1) -> float:
    """Write received mail and a dangerous click on it to the journal; return the moment of the click."""
    writer = JournalWriter(config.journal_dir, role="edge")
    writer.append(received(message=message))
    writer.append(delivery(1, message=message))
    writer.append(followed(30, message=message))
    writer.close()
    return time.monotonic()


async def posted(hook: HookServer, number: int) -> None:
    async with asyncio.timeout(60):
        while len(hook.posts) < number:
            await asyncio.sleep(0.02)


def failures() -> int:
    return sum(Channel.objects.values_list("failures", flat=True))


def states() -> list[tuple[str, int]]:
    return [(row.state, row.attempts) for row in Outgoing.objects.order_by("pk")]


async def test_a_click_reaches_a_webhook_signed_and_within_five_seconds(
    config: WorkerConfig, hook: HookServer
) -> None:
    await webhook(hook)
    async with running(config), stalls() as stalled:
        clicked = click(config)
        await posted(hook, 1)
        late = stalled()
        await eventually(states, [("delivered", 1)])
    (post,) = hook.posts
    assert post.at - clicked - late < 5
    assert (post.path, post.headers["content-type"]) == ("/ops", "application/json")
    (alert,) = post.json["data"]["alerts"]
    assert (alert["rule"], alert["domain"], alert["count"]) == ("known_bad_click", "our.example", 1)
    assert [act["address"] for act in alert["people"]["first"]] == ["anna@our.example"]
    # As a receiver would verify it.
    stamp = post.headers["webhook-timestamp"]
    signed = f"{post.headers['webhook-id']}.{stamp}.".encode() + post.body
    mac = base64.b64encode(hmac.new(b"k" * 32, signed, hashlib.sha256).digest()).decode()
    assert post.headers["webhook-signature"] == f"v1,{mac}"
    assert abs(int(stamp) - time.time()) < 30


@pytest.mark.parametrize("answer", [500, 302, 404, 429])
async def test_what_is_not_taken_is_tried_again_with_the_same_id(
    config: WorkerConfig, hook: HookServer, answer: int
) -> None:
    hook.answers = [answer, answer]
    hook.headers = {"location": hook.url("/elsewhere")}
    await webhook(hook)
    async with running(config):
        click(config)
        await posted(hook, 3)
        await eventually(states, [("delivered", 3)])
    assert {post.path for post in hook.posts} == {"/ops"}
    assert len({post.headers["webhook-id"] for post in hook.posts}) == 1
    first, second, third = (post.at for post in hook.posts)
    assert second - first >= 0.2
    assert third - second >= 0.4


async def test_a_channel_that_hangs_keeps_nobody_else_waiting(config: WorkerConfig, hook: HookServer) -> None:
    with hook_server() as other:
        go_on = threading.Event()
        hook.answers = [go_on]
        await webhook(hook, "slow")
        await webhook(other, "quick")
        async with running(config):
            click(config)
            await posted(hook, 1)
            await posted(other, 1)
            assert await looked_up(failures) == 0, "it hangs still"
            go_on.set()


async def test_a_dozen_channels_that_hang_keep_neither_alerts_nor_reports_waiting(
    config: WorkerConfig, hook: HookServer
) -> None:
    """More than asyncio has threads of its own on two processors."""
    with hook_server() as other:
        go_on = threading.Event()
        hook.answers = [go_on] * 24
        for number in range(24):
            await webhook(hook, f"slow{number}")
        await webhook(other, "zealous")  # by name the last to be told
        async with running(config):
            click(config)
            await posted(hook, 24)
            await posted(other, 1)
            assert await looked_up(failures) == 0, "all of them hang still"
            go_on.set()


async def test_a_worker_that_is_told_to_stop_finishes_the_message_on_its_way_and_leaves_the_others(
    config: WorkerConfig, hook: HookServer
) -> None:
    def add() -> None:
        channel = Channel.objects.get()
        for _ in range(4):
            channels.test(channel, SteadyClock.now(UTC))

    go_on = threading.Event()
    hook.answers = [go_on]
    await webhook(hook)
    await looked_up(add)
    async with running(config) as stop:
        await posted(hook, 1)
        stop.set()
        go_on.set()
    assert await looked_up(states) == [("delivered", 1), *[("waiting", 0)] * 3]
    assert len(hook.posts) == 1
    async with running(config):
        await eventually(states, [("delivered", 1)] * 4)
    assert len({post.headers["webhook-id"] for post in hook.posts}) == 4


async def test_after_an_outage_all_that_waited_comes_once_and_in_its_order(
    config: WorkerConfig, hook: HookServer
) -> None:
    def add() -> str:
        channels.test(Channel.objects.get(), SteadyClock.now(UTC))
        return Outgoing.objects.latest("pk").event_id

    def rest(until: datetime | None) -> None:
        Channel.objects.update(rests_until=until)

    hook.answers = [503] * 3
    await webhook(hook)
    first = [await looked_up(add) for _ in range(3)]
    async with running(config):
        # The second failure in a row is the channel's: it rests, also for what is new.
        await eventually(lambda: failures() >= 2, True)
        await looked_up(lambda: rest(SteadyClock.now(UTC) + timedelta(seconds=1)))
        ids = [*first, outbox.new_event_id()]
        await looked_up(
            lambda: Outgoing.objects.create(
                channel=Channel.objects.get(),
                kind="test",
                event_id=ids[-1],
                created_at=SteadyClock.now(UTC),
                due_at=SteadyClock.now(UTC),
            )
        )
        await eventually(lambda: {state for state, _ in states()}, {"delivered"})
    came = [post.headers["webhook-id"] for post in hook.posts]
    assert came[:2] == ids[:2]
    assert came[2:] == [ids[0], *ids]


async def test_what_was_put_off_for_longest_comes_as_soon_as_its_channel_is_well_again(
    config: WorkerConfig, hook: HookServer
) -> None:
    """The oldest was tried most often, and so was due last of all, behind what came hours after it."""

    def add() -> list[str]:
        for _ in range(4):
            channels.test(Channel.objects.get(), SteadyClock.now(UTC))
        rows = list(Outgoing.objects.order_by("pk"))
        Outgoing.objects.filter(pk=rows[0].pk).update(
            attempts=7, due_at=SteadyClock.now(UTC) + timedelta(minutes=9)
        )
        Channel.objects.update(failures=7)
        return [row.event_id for row in rows]

    await webhook(hook)
    ids = await looked_up(add)
    async with running(config):
        await eventually(lambda: {state for state, _ in states()}, {"delivered"})
    came = [post.headers["webhook-id"] for post in hook.posts]
    assert came == [ids[1], ids[0], ids[2], ids[3]]


async def test_a_message_that_a_receiver_does_not_like_keeps_none_behind_it_waiting(
    config: WorkerConfig, hook: HookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a firewall that finds an attack in the URL that an alert is about."""

    def add() -> None:
        for _ in range(3):
            channels.test(Channel.objects.get(), SteadyClock.now(UTC))

    monkeypatch.setattr(outbox, "FIRST_PAUSE", timedelta(seconds=60))
    hook.answers = [403]
    await webhook(hook)
    await looked_up(add)
    async with running(config):
        await eventually(states, [("waiting", 1), ("delivered", 1), ("delivered", 1)])


@pytest.mark.parametrize("where", ["notice_of", "send"])
async def test_a_message_that_cannot_even_be_made_keeps_none_behind_it_waiting_and_no_other_channel(
    config: WorkerConfig, hook: HookServer, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def add() -> None:
        for channel in Channel.objects.order_by("name"):
            channels.test(channel, SteadyClock.now(UTC))
            channels.test(channel, SteadyClock.now(UTC))

    made: list[object] = []
    original = getattr(delivering, where)

    def first_fails(*arguments: object) -> object:
        made.append(arguments)
        if len(made) == 1:
            raise ValueError("a fault of ours")
        return original(*arguments)

    monkeypatch.setattr(outbox, "FIRST_PAUSE", timedelta(seconds=60))
    monkeypatch.setattr(delivering, where, first_fails)
    await webhook(hook, "one")
    await webhook(hook, "two")
    await looked_up(add)
    async with running(config):
        await eventually(lambda: sorted(states()), [*[("delivered", 1)] * 3, ("waiting", 1)])
    failure = await looked_up(lambda: Outgoing.objects.get(state="waiting").last_error)
    assert failure == "it could not be made (ValueError)"


async def test_a_test_wakes_a_channel_that_rests(config: WorkerConfig, hook: HookServer) -> None:
    def add() -> None:
        channel = Channel.objects.get()
        channels.test(channel, SteadyClock.now(UTC))
        Channel.objects.update(rests_until=SteadyClock.now(UTC) + timedelta(minutes=4))
        channels.test(channel, SteadyClock.now(UTC))

    await webhook(hook)
    await looked_up(add)
    async with running(config):
        await eventually(states, [("delivered", 1)] * 2)


async def test_a_failing_channel_is_visible_and_well_again_once_it_takes_a_message(
    config: WorkerConfig, hook: HookServer
) -> None:
    def state() -> tuple[bool, str]:
        channel = Channel.objects.get()
        return channel.failing_since is not None, channel.last_failure

    hook.answers = [503] * 3
    await webhook(hook)
    async with running(config):
        click(config)
        await eventually(state, (True, "the server answered 503"))
        await eventually(states, [("delivered", 4)])
        await eventually(state, (False, ""))


async def test_a_channel_that_is_gone_for_good_is_switched_off(
    config: WorkerConfig, hook: HookServer
) -> None:
    hook.answers = [410]
    await webhook(hook)
    async with running(config):
        click(config)
        await eventually(states, [("given_up", 1)])
        await eventually(lambda: Channel.objects.get().enabled, False)


async def test_what_was_being_sent_when_a_worker_died_is_sent_again_and_may_come_twice(
    config: WorkerConfig, hook: HookServer
) -> None:
    await webhook(hook)
    async with running(config):
        click(config)
        await eventually(states, [("delivered", 1)])
    # As if it had died between the answer and the note of it.
    await looked_up(lambda: Outgoing.objects.update(state="sending", finished_at=None))
    async with running(config):
        await posted(hook, 2)
        await eventually(states, [("delivered", 2)])
    assert len({post.headers["webhook-id"] for post in hook.posts}) == 1


async def test_what_was_raised_while_no_worker_delivered_is_delivered_by_the_next(
    config: WorkerConfig, hook: HookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await webhook(hook)
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "due", lambda *_: [])
        async with running(config):
            click(config)
            await eventually(states, [("waiting", 0)])
    assert hook.posts == []
    async with running(config):
        await eventually(states, [("delivered", 1)])
    assert len(hook.posts) == 1


def test_an_address_of_a_receiver_that_never_answers_does_not_use_up_the_time_of_the_next_one(
    hook: HookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def two_addresses(_: str, port: int, **__: object) -> list[Any]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*kind, ("127.0.0.2", port)), (*kind, ("127.0.0.1", port))]

    with socket.socket() as silent, contextlib.ExitStack() as fillers:
        silent.bind(("127.0.0.2", hook.port))
        silent.listen(0)
        for _ in range(4):  # The queue is full: the kernel drops whatever asks for a connection.
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(silent.getsockname())
        monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
        began = time.monotonic()
        assert post(f"http://hook.example:{hook.port}/x", b"{}", {}).status == 204
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "before", [b"103 Early Hints\r\nLink: </a>", b"100 Continue", b"102 Processing\r\nX: y"]
)
def test_what_a_receiver_says_before_its_answer_is_passed_over(before: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def receive() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 " + before + b"\r\n\r\n")
                connection.sendall(b"HTTP/1.1 202 Accepted\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")

        receiver = threading.Thread(target=receive)
        receiver.start()
        answer = post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {})
        receiver.join()
    assert answer == (202, 7)


def test_a_message_is_given_up_after_a_day() -> None:
    channel = channels.add("ops", ChannelKind.WEBHOOK, "http://127.0.0.1:1/", "me")
    now = SteadyClock.now(UTC)
    channels.test(channel, now - outbox.GIVE_UP)
    Channel.objects.update(failures=outbox.FEWEST_FAILURES)
    (row,) = outbox.due(now, (), 9)
    assert not outbox.failed(row, "no", now, permanent=False, jitter=0).given_up
    assert outbox.failed(row, "no", now + timedelta(seconds=1), permanent=False, jitter=0).given_up
    assert states() == [("given_up", 0)]


def test_a_day_in_which_nobody_tried_gives_up_no_message() -> None:
    """The worker was away, or the clock has jumped, and now the receiver is not there yet."""
    channel = channels.add("ops", ChannelKind.WEBHOOK, "http://127.0.0.1:1/", "me")
    now = SteadyClock.now(UTC)
    channels.test(channel, now - timedelta(days=300))
    (row,) = outbox.due(now, (), 9)
    given_up = [
        outbox.failed(row, "no", now, permanent=False, jitter=0).given_up
        for _ in range(outbox.FEWEST_FAILURES + 1)
    ]
    assert given_up == [*[False] * (outbox.FEWEST_FAILURES - 1), True, True]


def test_a_message_that_never_arrives_is_given_up_though_others_do() -> None:
    """Its receiver's firewall does not like it, say: each other one that arrives makes the channel well."""
    channel = channels.add("ops", ChannelKind.WEBHOOK, "http://127.0.0.1:1/", "me")
    now = SteadyClock.now(UTC)
    channels.test(channel, now - timedelta(days=2))
    (row,) = outbox.due(now, (), 9)
    for _ in range(outbox.FEWEST_FAILURES - 1):
        assert outbox.claim(row)
        assert not outbox.failed(row, "no", now, permanent=False, jitter=0).given_up
        channels.test(channel, now)
        (other,) = Outgoing.objects.filter(state=Outgoing.State.WAITING).exclude(pk=row.pk)
        outbox.delivered(other, {}, now)
        (row,) = outbox.due(now + timedelta(days=1), (), 9)
    assert outbox.failed(row, "no", now, permanent=False, jitter=0).given_up


@pytest.mark.parametrize(("attempts", "pause"), [(0, 5), (1, 10), (5, 160), (10, 3600), (1000, 3600)])
def test_the_pause_doubles_up_to_an_hour(
    monkeypatch: pytest.MonkeyPatch, attempts: int, pause: float
) -> None:
    monkeypatch.setattr(outbox, "FIRST_PAUSE", timedelta(seconds=5))
    now = SteadyClock.now(UTC)
    channels.test(channels.add("ops", ChannelKind.WEBHOOK, "http://127.0.0.1:1/", "me"), now)
    (row,) = outbox.due(now, (), 9)
    for jitter, seconds in ((0.0, pause), (1.0, pause * 1.2)):
        row.attempts = attempts
        outbox.failed(row, "no", now, permanent=False, jitter=jitter)
        assert Outgoing.objects.get().due_at == now + timedelta(seconds=seconds)


def test_a_channel_that_fails_rests_from_its_second_failure_on_for_five_minutes_at_most() -> None:
    now = SteadyClock.now(UTC)
    channel = channels.add("ops", ChannelKind.WEBHOOK, "http://127.0.0.1:1/", "me")
    channels.test(channel, now)
    (row,) = outbox.due(now, (), 9)
    rests = []
    for _ in range(20):
        outbox.failed(row, "no", now, permanent=False, jitter=1)
        until = Channel.objects.get().rests_until
        rests.append(0.0 if until is None else (until - now).total_seconds())
    assert rests[0] == 0
    assert rests[1] == pytest.approx(outbox.FIRST_PAUSE.total_seconds() * 1.2)
    assert max(rests) == rests[-1] == 300
    assert outbox.failed(row, "no", now, permanent=False, jitter=0, least=1000).rests
    assert Channel.objects.get().rests_until == now + timedelta(seconds=1000)


class TestByMail:
    @pytest.fixture
    async def next_hop(self) -> AsyncIterator[FakeNextHop]:
        fake = await FakeNextHop().start()
        yield fake
        await fake.stop()

    @pytest.fixture
    def mailing(self, config: WorkerConfig, next_hop: FakeNextHop) -> WorkerConfig:
        hop = NextHop(address=next_hop.url, hostname="backstamp.example")
        own_mail = OwnMailConfig(next_hop=hop, sender="alerts@our.example")
        return msgspec.structs.replace(config, own_mail=own_mail)

    async def test_an_alert_goes_to_the_next_hop_with_a_null_reverse_path(
        self, mailing: WorkerConfig, next_hop: FakeNextHop
    ) -> None:
        await looked_up(lambda: channels.add("me", ChannelKind.MAIL, "admin@our.example", "me"))
        async with running(mailing):
            click(mailing)
            await eventually(states, [("delivered", 1)])
        (mail,) = next_hop.accepted
        assert (mail.mail, mail.rcpts) == ("MAIL FROM:<>", ["RCPT TO:<admin@our.example>"])
        message = message_from_bytes(mail.data, policy=policy.default)
        assert message["Subject"] == (
            "[Backstamp] Dangerous link followed, and stopped: login[.]evil[.]example"
        )
        assert b"http:" not in mail.data.replace(b"hxxp", b"")

    @pytest.mark.parametrize(
        ("answer", "end"), [("451 4.2.0 later", ("delivered", 2)), ("550 5.1.1 nobody", ("given_up", 1))]
    )
    async def test_a_refusal_for_now_is_tried_again_and_one_for_good_is_not(
        self, mailing: WorkerConfig, next_hop: FakeNextHop, answer: str, end: tuple[str, int]
    ) -> None:
        next_hop.script["RCPT"] = [answer]
        await looked_up(lambda: channels.add("me", ChannelKind.MAIL, "admin@our.example", "me"))
        async with running(mailing):
            click(mailing)
            await eventually(states, [end])


async def test_a_test_goes_through_the_outbox_to_slack(config: WorkerConfig, hook: HookServer) -> None:
    def add() -> None:
        channels.test(channels.add("team", ChannelKind.SLACK, hook.url("/T/B"), "me"), SteadyClock.now(UTC))

    await looked_up(add)
    async with running(config):
        await eventually(states, [("delivered", 1)])
    (post,) = hook.posts
    assert (post.path, post.json["text"]) == ("/T/B", "Test of this channel")
