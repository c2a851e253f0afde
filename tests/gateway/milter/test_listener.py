"""Connections to the milter over its socket, from an MTA that does as it is told."""

import asyncio
import socket
import stat
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from backstamp.gateway.errors import ConfigError, ListenError
from backstamp.gateway.milter import (
    Accept,
    MilterAnswer,
    MilterConfig,
    MilterEnvelope,
    MilterListener,
    MilterPath,
    Refuse,
    Replace,
    connection,
    listener,
)
from backstamp.gateway.protocol.reply import reply
from backstamp.mail.patches import Patched
from backstamp.vocabulary import MilterFailure
from tests.gateway.milter.mta import POSTFIX, Mta, connect, header, macros, message, negotiate, packet

CONTINUE = (b"c", b"")
RAW = b"Subject: hi\r\n\r\nhello\r\n"


class Milter:
    """A listener, and what its examiner saw and shall say."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "milter"
        self.seen: list[tuple[MilterEnvelope, bytes]] = []
        self.answer: MilterAnswer = Accept()
        self.gate = asyncio.Event()
        self.gate.set()
        self.cancelled = 0
        self._listeners: list[MilterListener] = []
        self._mtas: list[Mta] = []

    async def examine(self, envelope: MilterEnvelope, raw: bytes) -> MilterAnswer:
        self.seen.append((envelope, raw))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.answer

    async def start(self, **config: Any) -> MilterListener:
        values: dict[str, Any] = {"listen": f"unix:{self.path}"} | config
        self._listeners.append(MilterListener(MilterConfig(**values), self.examine))
        await self._listeners[-1].start()
        return self._listeners[-1]

    async def mta(self, *, hello: bool = True) -> Mta:
        self._mtas.append(await Mta.connect(self.path, hello=hello))
        return self._mtas[-1]

    async def stop(self) -> None:
        for mta in self._mtas:
            await mta.close()
        for each in self._listeners:
            await each.close(1)


@pytest.fixture
async def milter(tmp_path: Path) -> AsyncIterator[Milter]:
    milter = Milter(tmp_path)
    yield milter
    await milter.stop()


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not look():
            await asyncio.sleep(0.005)


async def test_an_mta_is_asked_for_what_is_needed_and_keeps_still_until_the_end(milter: Milter) -> None:
    await milter.start()
    mta = await milter.mta(hello=False)
    mta.say(negotiate())
    command, data = await mta.hear()
    version, actions, steps = struct.unpack_from("!III", data)
    assert (command, version) == (b"O", 6)
    assert actions == 0x01 | 0x02 | 0x10 | 0x100
    quiet = 0x80 | 0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x10000 | 0x20000 | 0x40000 | 0x80000
    assert steps == quiet | 0x100000 | 0x40 | 0x100 | 0x200
    assert data[12:] == b"\0\0\0\0{daemon_name} v\0" + b"\0\0\0\2i {auth_authen}\0" + b"\0\0\0\5i\0"


async def test_the_examiner_is_told_all_that_the_mta_said(milter: Milter) -> None:
    await milter.start()
    mta = await milter.mta()
    mta.say(macros(b"M", auth_authen=b"ann") + macros(b"E", i=b"4ABC"))
    fields = ((b"Received", b" a\n\tb"), (b"Subject", b"none"), (b"X", b""))
    mta.say(message(fields, b"body\r\n", (b"bob@example.net", b"\xff@example.net")))
    assert await mta.hear() == CONTINUE
    ((envelope, raw),) = milter.seen
    assert raw == b"Received: a\r\n\tb\r\nSubject:none\r\nX:\r\n\r\nbody\r\n"
    assert envelope.trace_id
    assert envelope == MilterEnvelope(
        client_address="192.0.2.1",
        helo="helo.example",
        reverse_path=MilterPath("ann@example.org", ("BODY=8BITMIME",)),
        recipients=(MilterPath("bob@example.net"), MilterPath("\udcff@example.net")),
        queue_id="4ABC",
        authenticated_user="ann",
        daemon_name="mx",
        trace_id=envelope.trace_id,
    )


async def test_an_mta_that_waits_for_every_reply_gets_it(milter: Milter) -> None:
    await milter.start()
    mta = await milter.mta(hello=False)
    mta.say(negotiate(steps=0x100000, actions=0x13))
    _, data = await mta.hear()
    assert struct.unpack("!III", data) == (6, 0x13, 0x100000)
    steps = [connect(), packet(b"H", b"x\0"), packet(b"M", b"<>\0"), packet(b"R", b"<a@b.example>\0")]
    steps += [
        packet(b"T"),
        packet(b"U", b"HELP\0"),
        header(b"A", b" 1"),
        packet(b"N"),
        packet(b"B", b"x\r\n"),
    ]
    for step in (*steps, packet(b"E", b"y\r\n")):
        mta.say(step)
        assert await mta.hear() == CONTINUE
    assert milter.seen[0][1] == b"A: 1\r\n\r\nx\r\ny\r\n"


@pytest.mark.parametrize(("version", "hidden"), [(b"Postfix 3.7.11", 1), (b"8.17.1", 0)])
async def test_places_count_as_the_mta_counts_them(milter: Milter, version: bytes, hidden: int) -> None:
    await milter.start()
    milter.answer = Replace(Patched(b"A: 1\r\nSubject: hi\r\n\r\nhello\r\n"))
    mta = await milter.mta()
    mta.say(macros(b"C", v=version) + message())
    assert await mta.hear() == (b"i", struct.pack("!I", hidden) + b"A\0 1\0")
    assert await mta.hear() == CONTINUE


FOLDED = b"Subject: one\r\n\ttwo\r\n three\r\nX:\r\n y\r\n\r\nhello\r\n"


@pytest.mark.parametrize(
    ("version", "fold", "seen"),
    [
        (POSTFIX, b"\n", FOLDED),
        (b"8.18.1", b"\n", FOLDED),
        (b"Some MTA 1.0", b"\r\n", FOLDED),
        (b"8.18.1", b"\r\n", FOLDED.replace(b"\r\n\t", b"\r\r\n\t").replace(b"\r\n ", b"\r\r\n ")),
    ],
)
async def test_a_folded_field_is_read_and_given_back_as_the_mta_folds_it(
    milter: Milter, version: bytes, fold: bytes, seen: bytes
) -> None:
    await milter.start()
    milter.answer = Replace(Patched(b"Subject: four\r\n\tfive\r\nX:\r\n y\r\n\r\nhello\r\n"))
    mta = await milter.mta()
    mta.say(macros(b"C", v=version))
    mta.say(message(((b"Subject", b" one\n\ttwo\n three".replace(b"\n", fold)), (b"X", fold + b" y"))))
    changed = await mta.hear()
    assert milter.seen[0][1] == seen
    if version.startswith(b"8.") and fold == b"\r\n":
        assert changed == (b"m", struct.pack("!I", 1) + b"X\0\n y\0"), "the field's CR was the stranger's"
    else:
        assert changed == (b"m", struct.pack("!I", 1) + b"Subject\0 four" + fold + b"\tfive\0")
        assert await mta.hear() == CONTINUE


async def test_a_strangers_nul_ends_no_connection(milter: Milter) -> None:
    await milter.start()
    mta = await milter.mta()
    mta.say(message(((b"Subject", b" a\0b"), (b"X", b"\0"))))
    assert await mta.hear() == CONTINUE
    assert milter.seen[0][1] == b"Subject: a\0b\r\nX:\0\r\n\r\nhello\r\n"


async def test_a_macro_of_any_size_and_octets_is_kept_no_longer_than_it_is_of_use(milter: Milter) -> None:
    await milter.start()
    mta = await milter.mta()
    for queue_id, told in ((b"4\xffA", "4\ufffdA"), (b"4" * 1024, "4" * 1024), (b"4" * 1025, "")):
        mta.say(macros(b"E", i=queue_id) + message())
        assert await mta.hear() == CONTINUE
        assert milter.seen[-1][0].queue_id == told


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        (Accept(), CONTINUE),
        (Replace(Patched(RAW)), CONTINUE),
        (Refuse(reply(550, "5.7.1 no", "5.7.1 50%")), (b"y", b"550-5.7.1 no\r\n550 5.7.1 50%%\0")),
        (Refuse(reply(451, "4.7.1 later")), (b"y", b"451 4.7.1 later\0")),
    ],
)
async def test_each_answer_is_one_packet(
    milter: Milter, answer: MilterAnswer, heard: tuple[bytes, bytes]
) -> None:
    await milter.start()
    milter.answer = answer
    mta = await milter.mta()
    for _ in range(2):
        mta.say(message())
        assert await mta.hear() == heard


async def test_messages_of_one_connection_do_not_mix(milter: Milter) -> None:
    await milter.start()
    mta = await milter.mta()
    mta.say(macros(b"M", auth_authen=b"ann") + message(recipients=(b"one@example.net",)))
    assert await mta.hear() == CONTINUE
    mta.say(packet(b"M", b"<x@example.org>\0") + packet(b"R", b"<two@example.net>\0") + packet(b"A"))
    mta.say(message(recipients=(b"three@example.net",)))
    assert await mta.hear() == CONTINUE
    mta.say(packet(b"K") + connect(b"192.0.2.9") + message())
    assert await mta.hear() == CONTINUE
    first, second, third = (envelope for envelope, _ in milter.seen)
    assert [each.path for each in second.recipients] == ["three@example.net"]
    assert (first.authenticated_user, second.authenticated_user) == ("ann", "")
    assert (second.client_address, second.helo) == ("192.0.2.1", "helo.example")
    assert (third.client_address, third.helo) == ("192.0.2.9", "")


async def test_a_message_that_the_mta_gives_up_is_no_longer_examined(milter: Milter) -> None:
    await milter.start()
    milter.gate.clear()
    mta = await milter.mta()
    mta.say(message())
    await until(lambda: len(milter.seen) == 1)
    mta.say(packet(b"A"))
    await until(lambda: milter.cancelled == 1)
    mta.say(message())
    await until(lambda: len(milter.seen) == 2)
    await mta.close()
    await until(lambda: milter.cancelled == 2)


async def test_a_slow_examiner_is_announced(milter: Milter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PROGRESS_SECONDS", 0.01)
    monkeypatch.setattr(listener, "TICK_SECONDS", 0.01)
    await milter.start()
    milter.gate.clear()
    mta = await milter.mta()
    mta.say(message())
    assert [await mta.hear() for _ in range(3)] == [(b"p", b"")] * 3
    milter.gate.set()
    while (heard := await mta.hear()) == (b"p", b""):
        pass
    assert heard == CONTINUE


def test_the_mta_that_waits_least_hears_in_time_that_a_slow_examiner_is_at_it() -> None:
    """Sendmail gives up after 10 s without a word, unless it is told otherwise (`T=R:`)."""
    assert connection.PROGRESS_SECONDS + listener.TICK_SECONDS <= 10 * 0.75


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (packet(b"O"), "a negotiation that is cut off"),
        (negotiate(version=2), "older than 6"),
        (negotiate(steps=0xFFFFF), "older than 6"),
        (negotiate(actions=0x01), "does not let a milter change header and body"),
        (packet(b"M", b"<>\0"), "it does not begin with a negotiation"),
        (negotiate() + negotiate(), "a second negotiation"),
        (negotiate() + packet(b"x"), "an unknown command"),
        (negotiate() + header(b"A", b"1"), "a command out of order"),
        (negotiate() + packet(b"M", b"<>\0") + packet(b"M", b"<>\0"), "a message within a message"),
        (negotiate() + message() + message(), "a command before the message is answered"),
        (negotiate() + packet(b"M", b"<>\0") + packet(b"B", b"x") + header(b"A", b"1"), "out of order"),
        (negotiate() + packet(b"M", b"<>\0") + packet(b"L", b"\0\0"), "a header field without name"),
        (negotiate() + packet(b"M", b"<>\0") + packet(b"L", b"A\0"), "a header field without name"),
        (negotiate() + packet(b"M", b"<>"), "a string without its end"),
        (negotiate() + packet(b"M"), "a command without its address"),
        (negotiate() + packet(b"C", b"x\0?"), "an unknown address family"),
        (negotiate() + packet(b"D"), "macros of no command"),
        (negotiate() + packet(b"D", b"Ci\0"), "a macro without a value"),
        (struct.pack("!I", 0), "a packet of an impossible length"),
    ],
)
async def test_who_does_not_speak_the_protocol_is_hung_up_on(
    milter: Milter, said: bytes, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    await milter.start()
    milter.gate.clear()
    mta = await milter.mta(hello=False)
    mta.say(said)
    assert not await mta.is_closed() or True
    await until(lambda: bool(caplog.records))
    assert [each.getMessage().startswith("a milter connection was closed: ") for each in caplog.records] == [
        True
    ]
    assert why in caplog.text


async def test_quitting_is_not_remarked_upon(milter: Milter, caplog: pytest.LogCaptureFixture) -> None:
    await milter.start()
    early, late = await milter.mta(hello=False), await milter.mta()
    for mta in (early, late):
        mta.say(packet(b"Q"))
        assert await mta.is_closed()
    assert caplog.records == []


BEYOND = {
    "an octet too many": (message([(b"A", b"b")], b"x" * 49_997), b"552 5.3.4 The message is larger"),
    "far too large": (message(body=b"x" * 300_000), b"552 5.3.4 The message is larger"),
    "too many fields": (message([(b"A", b"")] * 20_002), b"552 5.3.4 The message has more"),
    "too many recipients": (message(recipients=(b"a@b.example",) * 10_002), b"452 4.5.3 Too many recipients"),
}


@pytest.mark.parametrize("failure", MilterFailure)
@pytest.mark.parametrize("name", BEYOND)
async def test_what_is_beyond_a_limit_is_refused_whatever_is_done_with_faults(
    milter: Milter, failure: MilterFailure, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    await milter.start(max_size=70_000 if name.startswith("too many") else 50_000, on_failure=failure)
    mta = await milter.mta()
    said, heard = BEYOND[name]
    mta.say(said)
    command, answer = await mta.hear()
    assert (command, answer[: len(heard)]) == (b"y", heard)
    assert milter.seen == []
    assert "a message was refused: " in caplog.text
    mta.say(message())
    assert await mta.hear() == CONTINUE
    assert len(milter.seen) == 1


async def test_what_the_mta_takes_by_the_same_limit_is_examined(milter: Milter) -> None:
    await milter.start(max_size=50_000)
    mta = await milter.mta()
    fields = [(b"A", b" b")] * 5_000
    # As Postfix counts (`message_size_limit`): every line with its end.
    body = b"x" * (50_000 - 5_000 * len(b"A: b\r\n") - len(b"\r\n") - 2) + b"\r\n"
    mta.say(message(fields, body, recipients=(b"a@b.example",) * 1_000))
    assert await mta.hear() == CONTINUE
    assert [len(raw) for _, raw in milter.seen] == [50_000]


async def test_large_messages_at_once_are_too_many(milter: Milter) -> None:
    await milter.start(max_size=100_000, memory=150_000)
    first, second = await milter.mta(hello=False), await milter.mta()
    # This one hears what it says being taken.
    first.say(negotiate(steps=0x100000))
    await first.hear()
    for step in (packet(b"M", b"<>\0"), packet(b"R", b"<a@b.example>\0"), packet(b"B", b"x" * 90_000)):
        first.say(step)
        assert await first.hear() == CONTINUE
    second.say(message(body=b"x" * 90_000))
    command, answer = await second.hear()
    assert (command, answer[:9]) == (b"y", b"452 4.3.1")
    first.say(packet(b"E"))
    assert await first.hear() == CONTINUE
    assert [len(raw) for _, raw in milter.seen] == [90_002]


async def test_a_new_message_that_no_mta_can_be_told_goes_the_way_of_failure(
    milter: Milter, caplog: pytest.LogCaptureFixture
) -> None:
    await milter.start()
    milter.answer = Replace(Patched(b"no field\r\n\r\n"))
    mta = await milter.mta()
    mta.say(message())
    assert await mta.hear() == CONTINUE
    assert (
        "unexamined: the new message cannot be given to the MTA: the first line of the header is no field"
        in caplog.text
    )


async def test_an_examiner_that_takes_too_long_is_cancelled(
    milter: Milter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listener, "TICK_SECONDS", 0.01)
    await milter.start(examine_seconds=0.02, on_failure=MilterFailure.TEMPFAIL)
    milter.gate.clear()
    mta = await milter.mta()
    mta.say(message())
    assert (await mta.hear())[1].startswith(b"451 4.3.0 Not checked, try again later, trace id ")
    assert milter.cancelled == 1
    assert caplog.records[0].getMessage().endswith("a message was put off unexamined: it took too long")


async def test_an_mta_that_takes_no_answer_is_hung_up_on(
    milter: Milter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listener, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(connection, "STALLED_SECONDS", 0.05)
    await milter.start()
    milter.answer = Replace(Patched(b"Subject: hi\r\n\r\n" + b"x" * 20_000_000))
    mta = await milter.mta()
    mta.say(message())
    await until(lambda: "the MTA took no answer" in caplog.text)


async def test_connections_are_bounded(milter: Milter) -> None:
    await milter.start(max_connections=1)
    first = await milter.mta()
    second = await milter.mta(hello=False)
    assert await second.is_closed()
    first.say(message())
    assert await first.hear() == CONTINUE
    first.say(packet(b"Q"))
    assert await first.is_closed()
    third = await milter.mta()
    third.say(message())
    assert await third.hear() == CONTINUE


async def test_a_silent_connection_is_closed(milter: Milter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(listener, "TICK_SECONDS", 0.01)
    await milter.start()
    mta = await milter.mta(hello=False)
    assert await mta.is_closed()


async def test_an_mta_whose_machine_is_gone_keeps_its_places_for_two_minutes(milter: Milter) -> None:
    started = await milter.start(listen="127.0.0.1:0")
    mta = Mta(*await asyncio.open_connection("127.0.0.1", started.port))
    await until(lambda: len(started._connections) == 1)
    ((own,),) = [
        [each._transport.get_extra_info("socket")] for each in started._connections if each._transport
    ]
    idle, interval, count = (
        own.getsockopt(socket.IPPROTO_TCP, option)
        for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    )
    assert own.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert idle + interval * count == 120
    await mta.close()


async def test_stopping_lets_messages_end_and_hangs_up_on_the_rest(milter: Milter) -> None:
    started = await milter.start()
    milter.gate.clear()
    busy, half, idle = await milter.mta(), await milter.mta(), await milter.mta()
    whole = message()
    busy.say(whole)
    half.say(whole[:-5])
    await until(lambda: len(milter.seen) == 1)
    closing = asyncio.create_task(started.close(60))
    assert await idle.is_closed()
    assert not milter.path.exists()
    half.say(whole[-5:])
    milter.gate.set()
    for mta in (busy, half):
        assert await mta.hear() == CONTINUE
        assert await mta.is_closed()
    await closing


async def test_stopping_waits_no_longer_than_it_may(milter: Milter) -> None:
    started = await milter.start()
    milter.gate.clear()
    mta = await milter.mta()
    mta.say(message())
    await until(lambda: len(milter.seen) == 1)
    await started.close(0.05)
    assert milter.cancelled == 1
    assert await mta.is_closed()


async def test_only_the_owner_and_its_group_may_connect(milter: Milter) -> None:
    await milter.start()
    assert stat.S_IMODE(milter.path.stat().st_mode) == 0o660


async def test_a_socket_left_behind_is_taken_over_and_one_in_use_is_not(milter: Milter) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(milter.path))
    await milter.start()
    with pytest.raises(ListenError, match="Address already in use; stop the other program"):
        await milter.start()
    mta = await milter.mta()
    mta.say(message())
    assert await mta.hear() == CONTINUE


async def test_a_file_is_not_taken_for_a_socket(milter: Milter) -> None:
    milter.path.write_text("precious")
    with pytest.raises(ListenError, match="File exists"):
        await milter.start()
    assert milter.path.read_text() == "precious"


@pytest.mark.parametrize(
    ("listen", "why"),
    [
        ("192.0.2.1:2525", "Cannot assign requested address; write an address that this machine has"),
        ("no-such-host.invalid:2525", "Name or service not known; write an address that this machine has"),
    ],
)
async def test_an_address_that_is_not_this_machines_is_said_to_be_that(
    milter: Milter, listen: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = socket.getaddrinfo

    def answer(host: str, *asked: Any, **more: Any) -> list[Any]:
        if host == "no-such-host.invalid":  # a machine that can ask nobody says something else
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ask(host, *asked, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(ListenError) as refused:
        await milter.start(listen=listen)
    assert str(refused.value) == f"protection.milter_listen: cannot listen on {listen}: {why}"


async def test_tcp_is_listened_on_too(milter: Milter) -> None:
    started = await milter.start(listen="127.0.0.1:0")
    mta = Mta(*await asyncio.open_connection("127.0.0.1", started.port))
    mta.say(negotiate())
    assert (await mta.hear())[0] == b"O"
    await mta.close()


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"listen": "nonsense"}, "protection.milter_listen is 'nonsense'; write HOST:PORT"),
        ({"listen": "unix:/no/such/folder/x"}, "there is no directory /no/such/folder; make it"),
        ({"socket_group": "no-such-group"}, "there is no group 'no-such-group'"),
    ],
)
def test_what_is_wrong_with_a_configuration_is_said(tmp_path: Path, config: dict[str, str], why: str) -> None:
    async def nobody(envelope: MilterEnvelope, raw: bytes) -> MilterAnswer:
        return Accept()

    with pytest.raises(ConfigError, match=why):
        MilterListener(MilterConfig(**({"listen": f"unix:{tmp_path}/m"} | config)), nobody)  # type: ignore[arg-type]
