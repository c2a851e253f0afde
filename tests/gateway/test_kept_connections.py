"""Connections with the next hop serve one client after the other, and nothing of one meets the next."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.gateway.config import Timeouts
from backstamp.gateway.protocol.wire import BrokenLineError, Wire
from backstamp.gateway.relaying import kept_connections
from tests.gateway.client import Client
from tests.gateway.fake_next_hop import DROP, HANG, OFFERS, FakeNextHop
from tests.gateway.running import NOTHING, TEXT, Running, StartGateway, StartNextHop

WIRE = TEXT + b".\r\n"
BOB, EVE, DAN = "bob@example.net", "eve@example.net", "dan@example.net"


async def opened(running: Running, hello: str = "EHLO client.example") -> Client:
    client = await running.client()
    await client.begin(hello)
    return client


async def gone(running: Running, client: Client) -> None:
    """Let the client leave, and wait until its session has ended."""
    client.close()
    await until(lambda: not running.gateway._sessions)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


async def one_mail(running: Running, rcpt: str = BOB) -> list[str]:
    """A client that sends one mail and leaves."""
    client = await opened(running)
    answers = await client.send_mail(WIRE, rcpt)
    await gone(running, client)
    return answers


async def test_the_next_client_goes_on_with_the_connection_of_the_last(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(offers=(*OFFERS, "XFORWARD ADDR HELO PROTO"))
    running = await gateway(hop, NOTHING)
    for name in ("one.example", "two.example"):
        client = await opened(running, f"EHLO {name}")
        assert (await client.send_mail(WIRE, BOB))[0].startswith("250 ")
        await gone(running, client)
    assert hop.connections == 1
    assert hop.commands.count("EHLO backstamp.example") == 1
    # Each is introduced under its own name.
    assert [line for line in hop.commands if line.startswith("XFORWARD")] == [
        f"XFORWARD ADDR=127.0.0.1 HELO={name} PROTO=ESMTP" for name in ("one.example", "two.example")
    ]
    await running.gateway.close()
    assert hop.commands[-1] == "QUIT"


async def test_clients_at_the_same_time_have_connections_of_their_own(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop, NOTHING)
    await one_mail(running)
    first, second = await opened(running), await opened(running)
    assert hop.connections == 2
    await first.envelope(BOB)
    await second.envelope(EVE)
    await second.data(WIRE)
    await first.data(WIRE)
    assert [mail.rcpts for mail in hop.accepted[1:]] == [[f"RCPT TO:<{EVE}>"], [f"RCPT TO:<{BOB}>"]]


async def test_a_transaction_that_a_client_has_left_meets_nobody(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop, NOTHING)
    client = await opened(running)
    await client.envelope(EVE, DAN)
    await gone(running, client)
    assert (await one_mail(running))[0].startswith("250 ")
    assert hop.connections == 2
    assert [mail.rcpts for mail in hop.accepted] == [[f"RCPT TO:<{BOB}>"]]


@pytest.mark.parametrize("stage", [f"RCPT {EVE}", "MAIL", "END"])
async def test_nobody_inherits_the_refusals_of_another(
    gateway: StartGateway, next_hop: StartNextHop, stage: str
) -> None:
    hop = await next_hop(script={stage: ["550 5.1.1 no"]})
    running = await gateway(hop, NOTHING)
    client = await opened(running)
    if (await client.say("MAIL FROM:<ann@example.org>")).startswith("250"):
        await client.say(f"RCPT TO:<{EVE}>")
        await client.say(f"RCPT TO:<{BOB}>")
        await client.data(WIRE)
    await gone(running, client)
    assert (await one_mail(running))[0].startswith("250 ")
    assert hop.connections == 2


async def test_replies_that_are_still_owed_are_never_taken_for_those_to_another(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={f"RCPT {EVE}": HANG})
    running = await gateway(hop, NOTHING)
    client = await opened(running)
    await client.send(f"MAIL FROM:<ann@example.org>\r\nRCPT TO:<{EVE}>\r\n".encode())
    await until(lambda: f"RCPT TO:<{EVE}>" in hop.commands)
    client.close()
    assert (await one_mail_beside(running))[0].startswith("250 ")
    assert hop.connections == 2


async def one_mail_beside(running: Running) -> list[str]:
    client = await opened(running)
    return await client.send_mail(WIRE, BOB)


@pytest.mark.parametrize("ending", ["hung up", DROP, "421 4.3.2 stopping"])
async def test_a_next_hop_that_let_go_meanwhile_is_connected_to_anew_and_gets_each_mail_once(
    gateway: StartGateway, next_hop: StartNextHop, ending: str
) -> None:
    hop = await next_hop()
    running = await gateway(hop, NOTHING)
    first, second = await opened(running), await opened(running)
    for client in (first, second):
        await client.send_mail(WIRE, BOB)
    for client in (first, second):
        client.close()
    await until(lambda: not running.gateway._sessions)
    if ending == "hung up":
        hop.hang_up()
    else:
        # Both that were kept: the second try must not end with the other of them.
        hop.script["MAIL"] = [ending, "250 2.1.0 Ok"]
    assert (await one_mail(running, EVE))[0].startswith("250 ")
    assert [mail.rcpts for mail in hop.accepted] == [[f"RCPT TO:<{each}>"] for each in (BOB, BOB, EVE)]
    assert hop.connections == 3


async def test_a_connection_that_waited_without_a_mail_may_be_lost_as_well(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={"MAIL": [DROP]})
    running = await gateway(hop, NOTHING)
    await gone(running, await opened(running))
    assert (await one_mail(running))[0].startswith("250 ")
    assert (hop.connections, len(hop.accepted)) == (2, 1)


async def test_a_next_hop_that_is_gone_for_good_is_said_so(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop, NOTHING)
    await one_mail(running)
    client = await opened(running)
    await hop.stop()
    hop.hang_up()
    assert (await client.say("MAIL FROM:<ann@example.org>")).startswith("421 4.4.1 ")


async def test_who_waits_too_long_takes_leave(
    gateway: StartGateway, next_hop: StartNextHop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_connections, "IDLE_SECONDS", 0.05)
    hop = await next_hop()
    running = await gateway(hop, NOTHING)
    await one_mail(running)
    await until(lambda: hop.commands[-1] == "QUIT")
    await one_mail(running)
    assert hop.connections == 2


@pytest.mark.parametrize("limit", ["MOST_MAILS", "OLDEST_SECONDS"])
async def test_no_connection_lives_for_ever(
    gateway: StartGateway, next_hop: StartNextHop, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(kept_connections, limit, 2 if limit == "MOST_MAILS" else 0)
    hop = await next_hop()
    running = await gateway(hop, NOTHING)
    for _ in range(4):
        await one_mail(running)
    assert hop.connections == (2 if limit == "MOST_MAILS" else 4)
    assert len(hop.accepted) == 4


# pipelining

PIPELINED = "".join(f"RCPT TO:<{each}>\r\n" for each in (BOB, EVE, DAN))


async def replies(client: Client, count: int) -> list[str]:
    return [await client.reply() for _ in range(count)]


Send = Callable[[FakeNextHop, bytes], Awaitable[Client]]


@pytest.fixture
def send(gateway: StartGateway) -> Send:
    async def start(hop: FakeNextHop, text: bytes) -> Client:
        client = await opened(await gateway(hop, NOTHING))
        hop.turns = 0
        await client.send(text)
        return client

    return start


async def test_recipients_go_on_with_mail_and_each_gets_its_own_reply(
    send: Send, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={f"RCPT {EVE}": "550 5.1.1 unknown"})
    client = await send(hop, f"MAIL FROM:<ann@example.org>\r\n{PIPELINED}DATA\r\n".encode())
    assert await replies(client, 5) == [
        "250 2.1.0 Ok",
        "250 2.1.5 Ok",
        "550 5.1.1 unknown",
        "250 2.1.5 Ok",
        "354 End data with <CR><LF>.<CR><LF>",
    ]
    assert hop.turns == 1
    await client.send(WIRE)
    assert (await client.reply()).startswith("250 ")
    assert [mail.rcpts for mail in hop.accepted] == [[f"RCPT TO:<{each}>" for each in (BOB, DAN)]]


async def test_where_mail_is_refused_so_are_its_recipients_and_the_dialog_stays_in_step(
    send: Send, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={"MAIL": ["451 4.7.1 greylisted"], "RCPT": ["503 5.5.1 MAIL first"] * 3})
    client = await send(hop, f"MAIL FROM:<ann@example.org>\r\n{PIPELINED}DATA\r\n".encode())
    refused = ["503 5.5.1 Bad sequence of commands"] * 4
    assert await replies(client, 5) == ["451 4.7.1 greylisted", *refused]
    assert (await client.send_mail(WIRE, BOB))[0].startswith("250 ")
    assert len(hop.accepted) == 1


@pytest.mark.parametrize("answer", ["421 4.3.2 stopping", "550 5.7.1 go away"])
async def test_who_refuses_mail_and_hangs_up_is_quoted(
    send: Send, next_hop: StartNextHop, answer: str
) -> None:
    hop = await next_hop(script={"MAIL": [answer], "RCPT": DROP})
    client = await send(hop, f"MAIL FROM:<ann@example.org>\r\n{PIPELINED}".encode())
    assert await client.reply() == answer


async def test_who_refuses_mail_and_falls_silent_did_not_answer_in_order(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={"MAIL": ["503 5.5.1 that was for RCPT"], "RCPT": [HANG]})
    client = await opened(await gateway(hop, NOTHING, timeouts=Timeouts(command=0.2)))
    await client.send(f"MAIL FROM:<ann@example.org>\r\n{PIPELINED}".encode())
    assert (await client.reply()).startswith("451 4.4.2 ")


async def test_a_recipient_that_we_refuse_ourselves_never_goes_on(send: Send, next_hop: StartNextHop) -> None:
    hop = await next_hop()
    text = f"MAIL FROM:<ann@example.org>\r\nRCPT TO:<{BOB}>\r\nRCPT TO:<>\r\nRCPT TO:<{DAN}>\r\n"
    client = await send(hop, text.encode())
    assert [answer[:3] for answer in await replies(client, 4)] == ["250", "250", "501", "250"]
    assert [line for line in hop.commands if line.startswith("RCPT")] == [
        f"RCPT TO:<{each}>" for each in (BOB, DAN)
    ]


async def test_a_next_hop_without_pipelining_hears_one_command_at_a_time(
    send: Send, next_hop: StartNextHop
) -> None:
    hop = await next_hop(offers=tuple(each for each in OFFERS if each != "PIPELINING"))
    client = await send(hop, f"MAIL FROM:<ann@example.org>\r\n{PIPELINED}DATA\r\n".encode())
    assert [answer[:3] for answer in await replies(client, 5)] == ["250", "250", "250", "250", "354"]
    assert hop.turns == 4
    await client.send(WIRE)
    assert (await client.reply()).startswith("250 ")
    assert len(hop.accepted[0].rcpts) == 3


async def test_a_connection_that_is_lost_among_pipelined_recipients_refuses_the_rest_for_now(
    send: Send, next_hop: StartNextHop
) -> None:
    hop = await next_hop(script={f"RCPT {EVE}": DROP})
    client = await send(hop, f"MAIL FROM:<ann@example.org>\r\n{PIPELINED}".encode())
    assert [answer[:9] for answer in await replies(client, 4)] == [
        "250 2.1.0",
        "250 2.1.5",
        "451 4.4.2",
        "451 4.4.2",
    ]


async def test_what_follows_nonsense_is_nobodys_reply(send: Send, next_hop: StartNextHop) -> None:
    """The refusal belongs to the first, and the second must not be taken for refused."""
    hop = await next_hop(script={"RCPT": ["what?\n550 5.1.1 no such user"]})
    client = await send(hop, f"MAIL FROM:<ann@example.org>\r\n{PIPELINED}".encode())
    assert [answer[:9] for answer in await replies(client, 4)] == [
        "250 2.1.0",
        "451 4.5.0",
        "451 4.4.2",
        "451 4.4.2",
    ]


@given(st.lists(st.sampled_from([b"RCPT TO:<a@b>", b"", b"\r", b"\n", b"\r\n", b"x"]), max_size=8))
def test_what_is_seen_ahead_is_what_is_read(pieces: list[bytes]) -> None:
    text = b"".join(pieces)

    async def run() -> None:
        wire = Wire()
        wire.data_received(text)
        ahead = wire.lines_ahead(100)
        for line in ahead:
            assert await wire.read_line(1000) == line
        if wire.pending and b"\n" in text[sum(len(line) + 2 for line in ahead) :]:
            with pytest.raises(BrokenLineError):
                await wire.read_line(1000)

    asyncio.run(run())
