"""The next hop refuses at every stage, and the sender sees exactly that."""

import pytest

from backstamp.gateway.config import Timeouts
from backstamp.gateway.protocol.reply import MAX_LINE
from tests.daemons import free_port
from tests.gateway.client import Client
from tests.gateway.fake_next_hop import DROP, HANG, FakeNextHop
from tests.gateway.running import EVERYTHING, HTML, NOTHING, TEXT, StartGateway, StartNextHop

SHORT = Timeouts(
    connect=1, tls=1, greeting=0.3, command=0.3, data=0.3, data_block=2, end_of_data=0.3, idle=20
)
PATIENT = Timeouts(idle=20)
REFUSALS = (
    "451 4.7.1 come back later",
    "452-4.2.2 first line\n452 4.2.2 second line",
    "550 5.7.1 no",
    "554 without an enhanced status",
    "421 4.3.2 going down",
)
NO_ANSWER = "451 4.4.2 The next hop did not answer in time, try again later"
DROPPED = "451 4.4.2 The next hop closed the connection, try again later"
FAILURES = [(refusal, refusal) for refusal in REFUSALS] + [(HANG, NO_ANSWER), (DROP, DROPPED)]
LISTENERS = {"smtp": ("gateway.listen", "EHLO"), "lmtp": ("gateway.lmtp_listen", "LHLO")}

both = pytest.mark.parametrize("protocol", LISTENERS)
failures = pytest.mark.parametrize(("action", "seen"), FAILURES)


async def connect(
    gateway: StartGateway, hop: FakeNextHop | str, protocol: str, *, tracked: bool = False
) -> tuple[Client, str]:
    listener, hello = LISTENERS[protocol]
    # Only silence is waited for: on a busy machine an answer may take longer than that.
    silent = isinstance(hop, FakeNextHop) and any(HANG in actions for actions in hop.script.values())
    timeouts = SHORT if silent else PATIENT
    running = await gateway(hop, policy=EVERYTHING if tracked else NOTHING, timeouts=timeouts)
    return await running.client(listener), f"{hello} client.example"


@both
async def test_no_next_hop_at_all_is_a_greeting_of_421(gateway: StartGateway, protocol: str) -> None:
    client, _ = await connect(gateway, f"smtp://127.0.0.1:{free_port()}", protocol)
    assert await client.reply() == "421 4.4.1 The next hop cannot be reached, try again later"
    assert await client.closed()


@both
@failures
async def test_a_refusal_instead_of_the_greeting(
    gateway: StartGateway, next_hop: StartNextHop, protocol: str, action: str, seen: str
) -> None:
    client, _ = await connect(gateway, await next_hop(script={"greeting": action}), protocol)
    assert await client.reply() == ("421" + seen[3:] if action in (HANG, DROP) else seen)
    assert await client.closed()


@both
@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_refusal_of_ehlo_comes_as_the_reply_to_ehlo(
    gateway: StartGateway, next_hop: StartNextHop, protocol: str, refusal: str
) -> None:
    hop = await next_hop(script={"EHLO": refusal, "HELO": refusal})
    client, hello = await connect(gateway, hop, protocol)
    assert (await client.reply()).startswith("220 ")
    assert await client.say(hello) == refusal


@both
@pytest.mark.parametrize("action", [HANG, DROP])
async def test_silence_after_ehlo_is_a_greeting_of_421(
    gateway: StartGateway, next_hop: StartNextHop, protocol: str, action: str
) -> None:
    client, _ = await connect(gateway, await next_hop(script={"EHLO": action}), protocol)
    assert (await client.reply()).startswith("421 4.4.2 The next hop ")


@both
@failures
async def test_a_refusal_of_mail(
    gateway: StartGateway, next_hop: StartNextHop, protocol: str, action: str, seen: str
) -> None:
    client, hello = await connect(gateway, await next_hop(script={"MAIL": action}), protocol)
    await client.begin(hello)
    assert await client.say("MAIL FROM:<ann@example.org>") == seen


@both
@failures
async def test_a_refusal_of_rcpt(
    gateway: StartGateway, next_hop: StartNextHop, protocol: str, action: str, seen: str
) -> None:
    client, hello = await connect(gateway, await next_hop(script={"RCPT": action}), protocol)
    await client.begin(hello)
    assert await client.envelope("bob@example.net") == [seen]
    if not seen.startswith("421"):
        assert await client.say("DATA") == "554 5.5.1 No valid recipients"


@both
@pytest.mark.parametrize("stage", ["greeting", "EHLO", "MAIL", "RCPT", "END"])
async def test_who_asks_for_more_where_nothing_follows_has_said_neither_yes_nor_no(
    gateway: StartGateway, next_hop: StartNextHop, protocol: str, stage: str
) -> None:
    hop = await next_hop(script={stage: "354 and then?"})
    client, hello = await connect(gateway, hop, protocol)
    greeting = await client.reply()
    if stage in ("greeting", "EHLO"):
        assert greeting.startswith("421 4.5.0 ")
        return
    await client.say(hello)
    answers = [await client.say("MAIL FROM:<ann@example.org>"), await client.say("RCPT TO:<bob@example.net>")]
    if stage == "END":
        answers += await client.data(TEXT + b".\r\n")
    answer = answers[("MAIL", "RCPT", "END").index(stage)]
    assert answer == "451 4.5.0 The next hop answered with something that is no reply, try again later"
    assert await client.say("NOOP") == "250 2.0.0 Ok"


@both
async def test_many_recipients_whom_the_next_hop_refuses_are_no_mistakes_of_the_client(
    gateway: StartGateway, next_hop: StartNextHop, protocol: str
) -> None:
    unknown = [f"user{number}@example.net" for number in range(30)]
    never = "550 5.1.1 no such user"
    hop = await next_hop(script={f"RCPT {each}": never for each in unknown})
    client, hello = await connect(gateway, hop, protocol)
    await client.begin(hello)
    for _ in range(25):  # messages of which a pipelining client sends DATA, and finds nobody there
        assert await client.envelope(unknown[0]) == [never]
        assert await client.say("DATA") == "554 5.5.1 No valid recipients"
        assert await client.say("RSET") == "250 2.0.0 Ok"
    assert await client.envelope(*unknown, "bob@example.net") == [*[never] * 30, "250 2.1.5 Ok"]
    assert (await client.data(TEXT + b".\r\n"))[0].startswith("250 ")
    assert [mail.rcpts for mail in hop.accepted] == [["RCPT TO:<bob@example.net>"]]


@both
@failures
@pytest.mark.parametrize("stage", ["DATA", "END"])
@pytest.mark.parametrize("tracked", [True, False], ids=["tracked", "untracked"])
@pytest.mark.parametrize("hop_speaks_lmtp", [False, True], ids=["to smtp", "to lmtp"])
async def test_a_refusal_of_data_or_of_the_message(
    gateway: StartGateway,
    next_hop: StartNextHop,
    protocol: str,
    action: str,
    seen: str,
    stage: str,
    tracked: bool,
    hop_speaks_lmtp: bool,
) -> None:
    hop = await next_hop(script={stage: action}, lmtp=hop_speaks_lmtp)
    client, hello = await connect(gateway, hop, protocol, tracked=tracked)
    await client.begin(hello)
    assert await client.send_mail(HTML + b".\r\n", "bob@example.net") == [seen]
    assert hop.accepted == []
    if seen.startswith("421"):
        assert await client.closed()
    else:
        hop.script.clear()
        assert (await client.send_mail(HTML + b".\r\n", "bob@example.net"))[0].startswith("250 ")
        assert len(hop.accepted) == 1


@both
async def test_a_next_hop_that_let_go_between_two_mails_is_connected_to_again(
    gateway: StartGateway, next_hop: StartNextHop, protocol: str
) -> None:
    hop = await next_hop()
    client, hello = await connect(gateway, hop, protocol)
    await client.begin(hello)
    await client.send_mail(TEXT + b".\r\n", "bob@example.net")
    hop.script["MAIL"] = [DROP]
    assert (await client.send_mail(TEXT + b".\r\n", "bob@example.net"))[0].startswith("250 ")
    hop.script["MAIL"] = ["421 4.4.2 timeout"]
    assert (await client.send_mail(TEXT + b".\r\n", "bob@example.net"))[0].startswith("250 ")
    assert len(hop.accepted) == hop.connections == 3


@both
async def test_a_next_hop_that_offers_less_than_before_is_not_asked_for_it(
    gateway: StartGateway, next_hop: StartNextHop, protocol: str
) -> None:
    """As after a change of its configuration: it would refuse the parameter for good."""
    hop = await next_hop()
    client, hello = await connect(gateway, hop, protocol)
    await client.begin(hello)
    await client.send_mail(TEXT + b".\r\n", "bob@example.net")
    hop.offers = tuple(each for each in hop.offers if each != "SMTPUTF8")
    hop.hang_up()
    answer = await client.say("MAIL FROM:<jürgen@example.org> SMTPUTF8")
    assert answer.startswith("421 4.3.2 ")
    assert await client.closed()
    assert not [line for line in hop.commands if "SMTPUTF8" in line]


async def test_nonsense_for_a_reply_is_a_transient_failure(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    client, hello = await connect(gateway, await next_hop(script={"END": "fine by me"}), "smtp")
    await client.begin(hello)
    (answer,) = await client.send_mail(TEXT + b".\r\n", "bob@example.net")
    assert answer.startswith("451 4.5.0 ")


@pytest.mark.parametrize("length", [3_000, 300_000])
async def test_an_acceptance_in_far_too_many_words_is_still_one(
    gateway: StartGateway, next_hop: StartNextHop, length: int
) -> None:
    hop = await next_hop(script={"END": "250 2.0.0 " + "x" * length})
    client, hello = await connect(gateway, hop, "smtp")
    await client.begin(hello)
    (answer,) = await client.send_mail(TEXT + b".\r\n", "bob@example.net")
    assert answer.startswith("250 2.0.0 xxx")
    assert len(answer) <= MAX_LINE
    assert (await client.send_mail(TEXT + b".\r\n", "bob@example.net"))[0].startswith("250 ")
    assert hop.connections == 1


async def test_a_250_to_data_is_not_taken_for_an_acceptance(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    client, hello = await connect(gateway, await next_hop(script={"DATA": "250 2.0.0 Ok"}), "smtp")
    await client.begin(hello)
    (answer,) = await client.send_mail(HTML + b".\r\n", "bob@example.net")
    assert answer.startswith("451 4.5.0 ")


@pytest.mark.parametrize("further", ["250 2.0.0 kept", "550 5.1.1 no such user", "421 4.3.2 going down"])
@pytest.mark.parametrize("first", ["250 2.0.0 kept", "550 5.1.1 no such user", "452 4.2.2 full"])
async def test_an_lmtp_server_with_more_replies_than_recipients_is_believed_where_all_say_the_same(
    gateway: StartGateway, next_hop: StartNextHop, first: str, further: str
) -> None:
    hop = await next_hop(lmtp=True, script={"END": [first, f"{first}\n{further}"]})
    client, hello = await connect(gateway, hop, "lmtp")
    await client.begin(hello)
    replies = await client.send_mail(TEXT + b".\r\n", "bob@example.net", "cid@example.net", replies=2)
    same = further[0] == first[0] or further.startswith("421")
    garbled = "451 4.5.0 The next hop answered with something that is no reply, try again later"
    assert replies == ([first] * 2 if same else [garbled] * 2)
    (reply,) = await client.send_mail(TEXT + b".\r\n", "dan@example.net")
    assert reply == "250 2.0.0 kept for dan@example.net"
    assert hop.connections == 2
