"""The wire: replies, commands, xtext, and the leading-dot rule both ways."""

import asyncio
import itertools
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.gateway.protocol import mail_data
from backstamp.gateway.protocol.commands import (
    MAX_COMMAND,
    Mailbox,
    RefusedError,
    parse_command,
    parse_mail,
    parse_rcpt,
)
from backstamp.gateway.protocol.mail_data import Budget, MailDataRefusedError, dot_stuffed, read_mail_data
from backstamp.gateway.protocol.reply import MAX_LINES, MOST_LINES, BadReplyError, Reply, read_reply, reply
from backstamp.gateway.protocol.wire import Wire
from backstamp.gateway.protocol.xtext import decode_xtext, encode_xtext, is_xtext
from backstamp.gateway.relaying.capabilities import read_capabilities
from backstamp.gateway.relaying.handover import mail_line, rcpt_line
from backstamp.gateway.sessions import session
from backstamp.gateway.sessions.session_commands import SessionCommands
from tests.gateway.running import TEXT, StartGateway, StartNextHop

ALL = frozenset({"SIZE", "8BITMIME", "SMTPUTF8", "DSN"})
legal_lines = st.lists(
    st.one_of(
        st.sampled_from([b"", b".", b"..", b"...", b".x", b"x.", b" .", b"\0", b"\xff" * 1200]),
        st.binary(max_size=40).map(lambda line: line.translate(None, b"\r\n")),
    ),
    max_size=12,
)
messages = legal_lines.map(lambda lines: b"".join(line + b"\r\n" for line in lines))


class NoTransport(asyncio.Transport):
    """Carries nothing anywhere."""

    aborted = False

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def abort(self) -> None:
        self.aborted = True


def dot_stuff(message: bytes) -> bytes:
    return b"".join(dot_stuffed([message]))


def read(
    blocks: list[bytes], *, max_size: int = 100_000, memory: int = 200_000
) -> tuple[bytes, bytes, Budget]:
    """Read a message that comes in these blocks; also what was left unread, and the budget."""

    async def run() -> tuple[bytes, bytes, Budget]:
        wire = Wire()
        wire.connection_made(NoTransport())
        budget = Budget(memory)
        task = asyncio.create_task(read_mail_data(wire, max_size=max_size, budget=budget, block_timeout=5))
        for block in blocks:
            wire.data_received(block)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        content = await task
        rest = await wire.read_block() if wire.pending else b""
        return content, rest, budget

    return asyncio.run(run())


def cut(data: bytes, places: list[int]) -> Iterator[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return (data[start:end] for start, end in itertools.pairwise(edges))


@given(messages, st.lists(st.integers(0, 10_000), max_size=6))
def test_a_message_that_is_sent_in_any_pieces_has_the_same_dots_and_the_same_end(
    message: bytes, places: list[int]
) -> None:
    stuffed = (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:]
    assert b"".join(dot_stuffed(cut(message, places))) == stuffed + b".\r\n"
    assert b"".join(dot_stuffed(cut(message + b".x", places))) == stuffed + b"..x\r\n.\r\n"


@given(messages, st.lists(st.integers(0, 10_000), max_size=6), st.sampled_from([b"", b"QUIT\r\n"]))
def test_any_legal_message_is_the_same_after_stuffing_and_reading_in_any_pieces(
    message: bytes, places: list[int], behind: bytes
) -> None:
    content, rest, budget = read(list(cut(dot_stuff(message) + behind, places)))
    assert content == message
    assert rest == behind
    budget.give(len(content))
    assert budget.take(200_000)


@given(st.binary(max_size=60), st.binary(max_size=20))
def test_nothing_but_the_true_end_ends_a_message(message: bytes, behind: bytes) -> None:
    wire_form = message.replace(b"\r\n.", b"\r\n..").removeprefix(b".") + b"\r\n.\r\n"
    body = wire_form[:-3]
    if set(body.replace(b"\r\n", b"")) & set(b"\r\n"):
        with pytest.raises(MailDataRefusedError) as refused:
            read([wire_form + behind])
        assert refused.value.reply == mail_data.BARE_LINE_END
    else:
        content, rest, _ = read([wire_form + behind])
        assert content == body.replace(b"\r\n.", b"\r\n").removeprefix(b".")
        assert rest == behind


def test_a_line_of_many_octets_passes_and_one_without_measure_does_not() -> None:
    long = b"x" * 500_000 + b"\r\n"
    assert read([dot_stuff(long)], max_size=3_000_000, memory=4_000_000)[0] == long
    endless = b"a\r\n" + b"x" * mail_data.MAX_LINE + b"\r\n"
    with pytest.raises(MailDataRefusedError) as refused:
        read([dot_stuff(endless)], max_size=3_000_000, memory=4_000_000)
    assert refused.value.reply == mail_data.LINE_TOO_LONG


async def test_a_message_is_in_memory_once_while_it_comes_and_when_it_has_come() -> None:
    block = b"x" * 65_534 + b"\r\n"
    wire = Wire()
    wire.connection_made(NoTransport())
    tracemalloc.start()
    reading = asyncio.create_task(
        read_mail_data(wire, max_size=5_000_000, budget=Budget(5_000_000), block_timeout=5)
    )
    for each in [block] * 64 + [b".\r\n"]:
        wire.data_received(each)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert len(await reading) == 64 * len(block)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.4 * 64 * len(block)


def test_dots_that_are_taken_away_do_not_count_for_the_size() -> None:
    dots = b".\r\n" * 100
    assert read([dot_stuff(dots)], max_size=300)[0] == dots
    with pytest.raises(MailDataRefusedError) as refused:
        read([dot_stuff(dots + b".\r\n")], max_size=300)
    assert refused.value.reply == mail_data.TOO_LARGE


def test_memory_that_is_used_up_is_a_transient_refusal_and_nothing_is_kept() -> None:
    wire_form = dot_stuff(b"x" * 70 + b"\r\n")
    with pytest.raises(MailDataRefusedError) as refused:
        read([wire_form[:40], wire_form[40:60], wire_form[60:]], memory=50)
    assert refused.value.reply == mail_data.NO_STORAGE


async def test_what_is_thrown_away_takes_no_memory_from_other_messages() -> None:
    wire, budget = Wire(), Budget(1000)
    wire.connection_made(NoTransport())
    reading = asyncio.create_task(read_mail_data(wire, max_size=300, budget=budget, block_timeout=5))
    for _ in range(3):
        await asyncio.sleep(0)
        wire.data_received(b"x" * 500)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert budget.take(1000)
    budget.give(1000)
    wire.data_received(b"\r\n.\r\n")
    with pytest.raises(MailDataRefusedError) as refused:
        await reading
    assert refused.value.reply == mail_data.TOO_LARGE
    assert budget.take(1000)
    assert not budget.take(1)


def lines(*texts: bytes) -> Reply:
    feed = iter(texts)

    async def next_line() -> bytes:
        return next(feed)

    return asyncio.run(read_reply(next_line))


def test_a_reply_is_kept_to_the_letter() -> None:
    got = lines(b"550-5.1.1 no such user", b"550-", b"550 5.1.1 caf\xc3\xa9 \xff")
    assert got.encode() == b"550-5.1.1 no such user\r\n550-\r\n550 5.1.1 caf\xc3\xa9 \xff\r\n"
    assert (got.code, got.enhanced_status, got.permanent) == (550, "5.1.1", True)
    assert got.text.startswith("no such user")
    assert lines(b"250").encode() == b"250 \r\n"
    assert lines(b"250 a\rb\x00").lines == ("a?b?",)


def test_an_acceptance_in_an_odd_form_is_still_one() -> None:
    assert lines(*[b"250-a"] * (2 * MAX_LINES), b"250 b") == Reply(250, ("a",) * MAX_LINES)
    assert lines(b"250-a", b"251 b") == Reply(251, ("a", "b"))
    assert lines(b"250\tOk") == Reply(250, ("Ok",))


@pytest.mark.parametrize(
    "bad",
    [
        [b""],
        [b"hello"],
        [b"25 Ok"],
        [b"650 x"],
        [b"150 x"],
        [b"250-a", b"350 b"],
        [b"250-a", b"550 b"],
        [b"250-a"] * (MOST_LINES + 1),
    ],
)
def test_what_is_no_reply_is_refused(bad: list[bytes]) -> None:
    with pytest.raises(BadReplyError):
        lines(*bad)


def test_capabilities_are_read_without_regard_to_case() -> None:
    offer = read_capabilities(
        Reply(250, ("me", "8bitmime", "SIZE 1000", "auth=LOGIN PLAIN", "AUTH PLAIN", "XFORWARD name ADDR"))
    )
    assert "8BITMIME" in offer
    assert "me" not in offer
    assert offer.max_size == 1000
    assert offer.words("AUTH") == {"LOGIN", "PLAIN"}
    assert offer.words("XFORWARD") == {"NAME", "ADDR"}
    for size in ("SIZE", "SIZE 0", "SIZE x", "SIZE ²"):
        assert read_capabilities(Reply(250, ("me", size))).max_size is None


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_xtext_comes_back_as_it_was(text: str) -> None:
    encoded = encode_xtext(text)
    assert is_xtext(encoded)
    assert encoded.isascii()
    assert decode_xtext(encoded) == text


@given(st.binary(max_size=80))
def test_any_line_is_a_command_or_refused(line: bytes) -> None:
    try:
        verb, _ = parse_command(line)
    except RefusedError:
        return
    assert line.upper().startswith(verb.encode())


local_parts = st.text("abcXYZ019!#$%&'*+-/=?^_`{|}~.", min_size=1, max_size=20)


@given(local_parts, st.integers(0, 10**9), st.sampled_from(["7BIT", "8BITMIME"]))
def test_a_path_and_its_parameters_are_kept_as_written(local_part: str, size: int, body: str) -> None:
    mailbox = parse_mail(f"FROM:<{local_part}@example.org> SIZE={size} BODY={body} RET=full ENVID=x+2B", ALL)
    assert mailbox.path == f"{local_part}@example.org"
    assert [each.written for each in mailbox.parameters] == [
        f"SIZE={size}",
        f"BODY={body}",
        "RET=full",
        "ENVID=x+2B",
    ]


@given(st.text(max_size=40))
def test_nothing_in_a_path_can_become_a_second_command_or_parameter(text: str) -> None:
    try:
        mailbox = parse_rcpt(f"TO:<{text}>", ALL)
    except RefusedError:
        return
    assert not set(mailbox.path) & {"\r", "\n", "\0"}
    assert " " not in mailbox.path or '"' in mailbox.path or "\\ " in mailbox.path
    assert mailbox.path == text or mailbox.parameters


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("b\x01ob\x7f@example.net", "b\x01ob\x7f@example.net"),
        ('"b\x01 \\\x02ob"@example.net', '"b\x01 \\\x02ob"@example.net'),
        ("b\\ o\\>b@example.net", "b\\ o\\>b@example.net"),
        ("böb@example.net", "böb@example.net"),
        ("@a.example:b\udcffb\udced\udca0\udc80@example.net", r"b\xffb\xed\xa0\x80@example.net"),
    ],
)
def test_an_address_is_for_the_next_hop_to_judge_and_fits_into_a_record(path: str, address: str) -> None:
    mailbox = parse_rcpt(f"TO:<{path}> NOTIFY=NEVER", ALL)
    assert rcpt_line(mailbox) == f"RCPT TO:<{path}> NOTIFY=NEVER"
    assert mailbox.address == address
    assert mailbox.address.encode()


def test_what_is_too_long_for_a_report_is_left_out_and_costs_no_mail() -> None:
    rcpt = f"TO:<{'+' * 2000}@example.net> ORCPT=rfc822;{'+2B' * 2000}@example.net NOTIFY=DELAY"
    assert len(rcpt) < MAX_COMMAND
    assert rcpt_line(parse_rcpt(rcpt, ALL)) == f"RCPT TO:<{'+' * 2000}@example.net> NOTIFY=DELAY"
    mail = parse_mail(f"FROM:<> ENVID={'a' * 101} RET=HDRS", ALL)
    assert mail_line(mail, None) == "MAIL FROM:<> RET=HDRS"
    kept = f"MAIL FROM:<> ENVID={'a=' * 50}"
    assert mail_line(parse_mail(kept.removeprefix("MAIL "), ALL), None) == kept
    kept = f"RCPT TO:<a@b.example> ORCPT=x_400;{'a=' * 247}"
    assert rcpt_line(parse_rcpt(kept.removeprefix("RCPT "), ALL)) == kept


def test_a_source_route_is_handed_on_and_not_part_of_the_address() -> None:
    mailbox = parse_rcpt("TO:<@a.example,@b.example:bob@example.net> NOTIFY=NEVER", ALL)
    assert mailbox.path == "@a.example,@b.example:bob@example.net"
    assert mailbox.address == "bob@example.net"
    assert mailbox.parameter("NOTIFY") == "NEVER"
    assert mailbox.parameter("ORCPT") is None


def test_extensions_that_were_not_offered_are_refused_with_555() -> None:
    for argument in (
        "FROM:<a@b> SIZE=1",
        "FROM:<a@b> BODY=8BITMIME",
        "FROM:<a@b> RET=FULL",
        "FROM:<a@b> SMTPUTF8",
    ):
        with pytest.raises(RefusedError) as refused:
            parse_mail(argument, frozenset())
        assert refused.value.reply.code == 555
    assert parse_mail("FROM:<>", frozenset()) == Mailbox("")


def test_a_reply_of_ours_may_have_many_lines() -> None:
    assert reply(250, "a", "b", "c").encode() == b"250-a\r\n250-b\r\n250 c\r\n"


async def test_replies_to_pipelined_commands_come_together_and_none_is_lost(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    running = await gateway(hop)
    client = await running.client()
    await client.begin()
    await client.send(b"MAIL FROM:<ann@example.org>\r\nRCPT TO:<bob@example.net>\r\nNONSENSE\r\nDATA\r\n")
    together = await asyncio.wait_for(client.reader.readuntil(b"354 End data with <CR><LF>.<CR><LF>\r\n"), 10)
    assert [line[:3] for line in together.decode().splitlines()] == ["250", "250", "500", "354"]
    await client.send(b"Subject: x\r\n\r\n.\r\nNOOP\r\nNOOP\r\nQUIT\r\n")
    assert [(await client.reply())[:3] for _ in range(4)] == ["250", "250", "250", "221"]
    assert await client.closed()


async def test_many_pipelined_commands_are_answered_while_they_come(
    gateway: StartGateway, next_hop: StartNextHop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MOST_WITHOUT_MESSAGE", 2001)
    running = await gateway(await next_hop())
    client = await running.client()
    await client.begin()
    await client.send(b"NOOP\r\n" * 2000)
    assert {await client.reply() for _ in range(2000)} == {"250 2.0.0 Ok"}


async def test_a_client_that_says_much_at_once_keeps_nobody_waiting(
    gateway: StartGateway, next_hop: StartNextHop, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_a_row = most = 0

    async def noop(_session: SessionCommands, _argument: str) -> Reply:
        nonlocal in_a_row
        in_a_row += 1
        return reply(250, "2.0.0 Ok")

    async def others() -> None:
        nonlocal in_a_row, most
        while True:
            most, in_a_row = max(most, in_a_row), 0
            await asyncio.sleep(0)

    monkeypatch.setattr(SessionCommands, "_noop", noop)
    monkeypatch.setattr(session, "MOST_WITHOUT_MESSAGE", 10_001)
    running = await gateway(await next_hop())
    client = await running.client()
    await client.begin()
    waiting = asyncio.create_task(others())
    await client.send(b"NOOP\r\n" * 10_000)
    assert {await client.reply() for _ in range(10_000)} == {"250 2.0.0 Ok"}
    waiting.cancel()
    assert 0 < most <= 100


@pytest.mark.parametrize("idle", [b"NOOP", b"RSET", b"VRFY ann", b"EHLO client.example"])
@pytest.mark.parametrize("listener", ["gateway.listen", "gateway.lmtp_listen"])
async def test_who_talks_on_and_hands_over_nothing_is_hung_up_on(
    gateway: StartGateway, next_hop: StartNextHop, listener: str, idle: bytes
) -> None:
    running = await gateway(await next_hop())
    client = await running.client(listener)
    hello = b"LHLO client.example" if "lmtp" in listener else b"EHLO client.example"
    await client.begin(hello.decode())
    idle = idle.replace(b"EHLO client.example", hello)
    await client.send((idle + b"\r\n") * 97)  # EHLO, MAIL and DATA count too
    assert {(await client.reply())[:2] for _ in range(97)} == {"25"}
    assert [answer[:3] for answer in await client.send_mail(TEXT + b".\r\n", "bob@example.net")] == ["250"]
    await client.send((idle + b"\r\n") * 101)
    assert {(await client.reply())[:2] for _ in range(100)} == {"25"}
    assert await client.reply() == "421 4.7.0 Too many commands without a message, closing the connection"
    assert await client.closed()


async def test_however_many_recipients_a_message_has_they_are_no_idle_talk(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    client = await (await gateway(hop)).client()
    await client.begin()
    await client.send_mail(TEXT + b".\r\n", *(f"bob{n}@example.net" for n in range(150)))
    assert len(hop.accepted[0].rcpts) == 150
