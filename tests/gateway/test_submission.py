"""The submission listeners, before a made-up upstream server; real ones are in tests/e2e."""

import asyncio
import logging
from base64 import b64encode
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import trustme

from backstamp.gateway.access import Network
from backstamp.gateway.config import Submission, Timeouts
from backstamp.gateway.sessions import session
from backstamp.gateway.sessions.failed_logins import MOST_WRONG
from backstamp.vocabulary import Origin
from tests.gateway.certificates import Certificates
from tests.gateway.client import Client
from tests.gateway.fake_next_hop import HANG, OFFERS, FakeNextHop
from tests.gateway.running import HTML, Running, StartGateway, StartNextHop

PLAIN = b64encode(b"\0ann\0s3cret words").decode()
LISTENER = "submission.listen"
UPSTREAM = (*OFFERS, "STARTTLS", "AUTH PLAIN LOGIN")


class Setup:
    """A gateway with submission listeners before a made-up upstream."""

    def __init__(self, running: Running, upstream: FakeNextHop, certificates: Certificates) -> None:
        self.running = running
        self.upstream = upstream
        self._certificates = certificates

    async def client(self) -> Client:
        """Connect, STARTTLS, EHLO."""
        client = await self.running.client(LISTENER)
        await client.begin()
        assert (await client.say("STARTTLS")).startswith("220 ")
        await client.writer.start_tls(self._certificates.client_context(), server_hostname="localhost")
        return client


@pytest.fixture
async def submission(gateway: StartGateway, next_hop: StartNextHop, certificates: Certificates) -> Any:
    async def start(
        command: float = 300,
        max_connections: int = 200,
        trusted_networks: tuple[Network, ...] = (ip_network("127.0.0.0/8"),),
        client_ca: Path | None = None,
        **options: Any,
    ) -> Setup:
        upstream = await next_hop(**({"offers": UPSTREAM, "tls": certificates.server_context()} | options))
        settings = Submission(
            upstream=f"localhost:{upstream.port}",
            listen="127.0.0.1:0",
            upstream_ca=certificates.ca,
        )
        running = await gateway(
            await next_hop(),
            submission=settings,
            max_connections=max_connections,
            trusted_networks=trusted_networks,
            xclient_networks=trusted_networks,
            client_ca=client_ca,
            timeouts=Timeouts(idle=20, tls=5, command=command),
            **certificates.settings,
        )
        return Setup(running, upstream, certificates)

    return start


async def test_strangers_who_hold_all_connections_of_submission_keep_no_mail_server_out(
    submission: Any,
) -> None:
    setup = await submission(max_connections=2)
    strangers = [await setup.running.client(LISTENER) for _ in range(3)]
    greetings = [await each.reply() for each in strangers]
    assert [each[:4] for each in greetings] == ["220 ", "220 ", "421 "]
    mail_servers = [await setup.running.client() for _ in range(3)]
    greetings = [await each.reply() for each in mail_servers]
    assert [each[:4] for each in greetings] == ["220 ", "220 ", "421 "]


async def test_a_stranger_holds_no_more_than_a_quarter_of_the_connections(submission: Any) -> None:
    setup = await submission(max_connections=8, trusted_networks=(ip_network("127.0.0.2/32"),))
    hosts = ["127.0.0.1"] * 3 + ["127.0.0.2"] * 4 + ["127.0.0.3"]
    clients = [await setup.running.client(LISTENER, source=host) for host in hosts]
    greetings = [(await each.reply())[:4] for each in clients]
    assert greetings == ["220 ", "220 ", "421 ", *["220 "] * 4, "220 "]


async def test_four_addresses_that_do_not_log_in_keep_nobody_else_out(submission: Any) -> None:
    setup = await submission(max_connections=8, trusted_networks=(ip_network("127.0.0.2/32"),))
    sources = [f"127.0.0.{number}" for number in (9, 9, 10, 10, 11, 11, 12, 12, 2, 13)]
    clients = []
    for each in sources:
        clients.append(await setup.running.client(LISTENER, source=each))
        assert (await clients[-1].reply()).startswith("220 ")
    assert [(await each.reply())[:4] for each in clients[:3:2]] == ["421 ", "421 "], "of those with two each"
    assert not any(each.reader.at_eof() for each in (clients[1], *clients[3:]))


async def test_whatever_certificate_a_mail_program_shows_its_password_counts(
    submission: Any, certificates: Certificates
) -> None:
    setup = await submission(client_ca=certificates.ca)
    client = await setup.running.client(LISTENER)
    await client.begin()
    await client.say("STARTTLS")
    shown = certificates.client_context(shows=trustme.CA())
    await client.writer.start_tls(shown, server_hostname="localhost")
    assert "AUTH PLAIN LOGIN" in await client.say("EHLO client.example")


async def test_no_password_is_taken_in_plain_text(submission: Any) -> None:
    setup = await submission()
    client = await setup.running.client(LISTENER)
    hello = await client.begin()
    assert "STARTTLS" in hello
    assert "AUTH" not in hello
    assert await client.say(f"AUTH PLAIN {PLAIN}") == "530 5.7.0 Must issue a STARTTLS command first"
    assert await client.say("MAIL FROM:<ann@example.org>") == "530 5.7.0 Authentication required"
    assert setup.upstream.connections == 0


async def test_a_trusted_network_counts_for_nothing_here(submission: Any) -> None:
    client = await (await submission()).client()
    hello = await client.say("EHLO client.example")
    assert "AUTH PLAIN LOGIN" in hello
    assert "XCLIENT" not in hello
    assert await client.say("MAIL FROM:<ann@example.org>") == "530 5.7.0 Authentication required"
    assert (await client.say("XCLIENT LOGIN=ann")).startswith("554 ")


async def test_the_upstream_server_is_asked_and_gets_the_mail_on_that_connection(
    submission: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    setup = await submission(script={"AUTH": "235 2.7.0 welcome"})
    client = await setup.client()
    await client.say("EHLO [192.168.1.5]")
    assert await client.say(f"AUTH PLAIN {PLAIN}") == "235 2.7.0 welcome"
    await client.send_mail(HTML + b".\r\n", "bob@example.net")
    (mail,) = setup.upstream.accepted
    assert f"AUTH PLAIN {PLAIN}" in setup.upstream.commands
    assert setup.upstream.connections == 1
    # Opens only: no link of a person's mail is rewritten unless asked for.
    assert b'href="https://www.example.com/offer"' in mail.data
    assert b"<img " in mail.data
    assert mail.data.startswith(
        b"Received: from [192.168.1.5]\r\n\tby backstamp.example (Backstamp) with ESMTPSA id "
    )
    (queued,) = setup.running.queued
    assert queued.origin is Origin.SUBMISSION
    assert PLAIN not in caplog.text
    assert "s3cret" not in caplog.text
    everything = b"".join(path.read_bytes() for path in setup.running.folder.rglob("*") if path.is_file())
    assert b"s3cret" not in everything
    assert PLAIN.encode() not in everything


async def test_login_is_taken_and_turned_into_what_the_upstream_offers(submission: Any) -> None:
    setup = await submission(script={"AUTH": "235 2.7.0 welcome"})
    client = await setup.client()
    await client.say("EHLO client.example")
    assert await client.say("AUTH LOGIN") == "334 VXNlcm5hbWU6"
    assert await client.say(b64encode(b"ann").decode()) == "334 UGFzc3dvcmQ6"
    assert await client.say(b64encode(b"s3cret words").decode()) == "235 2.7.0 welcome"
    assert f"AUTH PLAIN {PLAIN}" in setup.upstream.commands


async def test_an_upstream_with_login_only_gets_login(submission: Any) -> None:
    setup = await submission(
        offers=(*OFFERS, "STARTTLS", "AUTH LOGIN"),
        script={"AUTH": "334 VXNlcm5hbWU6", "YW5U": "334 x", "YW5N": "334 y"}
        | {b64encode(b"ann").decode().upper(): "334 UGFzc3dvcmQ6"}
        | {b64encode(b"s3cret words").decode().upper(): "235 2.7.0 welcome"},
    )
    client = await setup.client()
    await client.say("EHLO client.example")
    assert await client.say(f"AUTH PLAIN {PLAIN}") == "235 2.7.0 welcome"


async def test_an_upstream_that_asks_on_and_on_is_no_answer_to_a_password(submission: Any) -> None:
    setup = await submission(script={"AUTH": "334 and then?"})
    client = await setup.client()
    await client.say("EHLO client.example")
    answer = await client.say(f"AUTH PLAIN {PLAIN}")
    assert answer == "451 4.5.0 The next hop answered with something that is no reply, try again later"
    assert (await client.say("MAIL FROM:<ann@example.org>")).startswith("530 ")


async def test_a_refusal_is_the_upstreams_own_and_three_end_the_connection(submission: Any) -> None:
    setup = await submission(script={"AUTH": "535 5.7.8 no such ann"})
    client = await setup.client()
    await client.say("EHLO client.example")
    for _ in range(3):
        assert await client.say(f"AUTH PLAIN {PLAIN}") == "535 5.7.8 no such ann"
    assert await client.closed()


async def test_a_reply_that_comes_too_late_is_not_taken_for_that_to_another_password(submission: Any) -> None:
    setup = await submission(command=0.2, script={"AUTH": [HANG, "535 5.7.8 no such ann"]})
    client = await setup.client()
    await client.say("EHLO client.example")
    assert (await client.say(f"AUTH PLAIN {PLAIN}")).startswith("451 4.4.2 ")
    assert await client.say(f"AUTH PLAIN {PLAIN}") == "535 5.7.8 no such ann"
    assert setup.upstream.connections == 2


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("AUTH", "504 5.5.4"),
        ("AUTH CRAM-MD5", "504 5.5.4"),
        ("AUTH PLAIN !!!", "501 5.5.2"),
        (f"AUTH PLAIN {b64encode(b'only one').decode()}", "501 5.5.2"),
        (f"AUTH PLAIN {b64encode(bytes(3) + b's3cret').decode()}", "501 5.5.2"),
        ("AUTH PLAIN\r\n*", "334 "),
    ],
)
async def test_garbled_authentication(submission: Any, said: str, answer: str) -> None:
    setup = await submission()
    client = await setup.client()
    await client.say("EHLO client.example")
    assert (await client.say(said)).startswith(answer)
    if "*" in said:
        assert await client.reply() == "501 5.7.0 Authentication cancelled"
    assert not [line for line in setup.upstream.commands if line.startswith("AUTH")]


async def test_an_upstream_without_tls_gets_no_password(submission: Any) -> None:
    setup = await submission(offers=(*OFFERS, "AUTH PLAIN"), tls=None)
    client = await setup.client()
    assert (await client.say("EHLO client.example")).startswith("421 4.7.5 ")
    assert not [line for line in setup.upstream.commands if line.startswith("AUTH")]


async def test_an_upstream_that_let_go_is_not_logged_in_to_again(submission: Any) -> None:
    setup = await submission(script={"AUTH": "235 2.7.0 welcome"})
    client = await setup.client()
    await client.say("EHLO client.example")
    await client.say(f"AUTH PLAIN {PLAIN}")
    await client.send_mail(HTML + b".\r\n", "bob@example.net")
    setup.upstream.script["MAIL"] = ["421 4.4.2 idle for too long"]
    assert await client.say("MAIL FROM:<ann@example.org>") == "421 4.4.2 idle for too long"
    assert await client.closed()
    assert setup.upstream.connections == 1


async def test_a_nul_makes_no_other_user_of_a_login(submission: Any) -> None:
    """What is said as LOGIN goes on as PLAIN, where NUL stands between user and password."""
    setup = await submission(script={"AUTH": "235 2.7.0 welcome"})
    client = await setup.client()
    await client.say("EHLO client.example")
    await client.say("AUTH LOGIN")
    await client.say(b64encode(b"ann\0s3cret words").decode())
    assert await client.say(b64encode(b"x").decode()) == "501 5.5.2 No user name or password has a NUL"
    assert not [line for line in setup.upstream.commands if line.startswith("AUTH")]


def wrong(number: int) -> str:
    return f"AUTH PLAIN {b64encode(b'%cann%cguess %d' % (0, 0, number)).decode()}"


async def try_passwords(setup: Setup, said: list[str]) -> list[str]:
    """Try each on a connection of its own."""
    answers = []
    for each in said:
        client = await setup.client()
        await client.say("EHLO client.example")
        answers.append(await client.say(each))
        client.close()
    return answers


async def test_strangers_keep_no_connections_with_the_upstream(submission: Any) -> None:
    """For it they all have our address, and what one address may have is what all our people have."""
    setup = await submission(script={"AUTH": "535 5.7.8 no such ann"})
    first = await setup.client()
    hello = await first.say("EHLO client.example")
    clients = [await setup.client() for _ in range(3)]
    assert [await each.say("EHLO client.example") for each in clients] == [hello] * 3
    assert "DSN" in hello
    assert setup.upstream.connections == 1
    for number, each in enumerate(clients):
        assert await each.say(wrong(number)) == "535 5.7.8 no such ann"
    assert setup.upstream.commands.count("QUIT") == 3


async def test_who_does_not_log_in_is_hung_up_on_before_silence_is_a_matter_and_nobody_else(
    submission: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = await submission(script={"AUTH": "235 2.7.0 welcome"})
    monkeypatch.setattr(session, "LOGIN_SECONDS", 10.0)
    person = await setup.client()
    await person.say("EHLO client.example")
    assert await person.say(f"AUTH PLAIN {PLAIN}") == "235 2.7.0 welcome"
    stranger = await setup.running.client(LISTENER)
    assert (await stranger.reply()).startswith("220 ")
    said = await stranger.reply()
    assert said == "421 4.7.0 Nobody logged in for too long, closing the connection"
    assert await person.say("NOOP") == "250 2.0.0 Ok"


async def test_who_guesses_passwords_is_heard_no_more_on_whatever_connection(
    submission: Any, caplog: pytest.LogCaptureFixture
) -> None:
    setup = await submission(script={"AUTH": "535 5.7.8 no such ann"}, trusted_networks=())
    answers = await try_passwords(setup, [wrong(number) for number in range(12)])
    assert answers[:10] == ["535 5.7.8 no such ann"] * 10
    assert {each[:9] for each in answers[10:]} == {"421 4.7.0"}
    assert len([line for line in setup.upstream.commands if line.startswith("AUTH")]) == 10
    told = [record.message for record in caplog.records if "wrong passwords" in record.message]
    assert len(told) == 1
    assert "127.0.0.1" not in told[0]


async def test_a_program_that_repeats_an_old_password_shuts_nobody_out(submission: Any) -> None:
    setup = await submission(
        script={"AUTH": [*["535 5.7.8 no such ann"] * 12, "235 2.7.0 welcome"]}, trusted_networks=()
    )
    answers = await try_passwords(setup, [*[wrong(1)] * 12, f"AUTH PLAIN {PLAIN}"])
    assert answers == [*["535 5.7.8 no such ann"] * 12, "235 2.7.0 welcome"]


async def test_one_address_of_our_own_may_be_that_of_many(
    submission: Any, caplog: pytest.LogCaptureFixture
) -> None:
    setup = await submission(script={"AUTH": "535 5.7.8 no such ann"})
    answers = await try_passwords(setup, [wrong(number) for number in range(12)])
    assert answers == ["535 5.7.8 no such ann"] * 12
    assert "wrong passwords" not in caplog.text


async def test_who_logged_in_before_is_heard_beside_those_who_guess(submission: Any) -> None:
    """An office has one address, and after a day of new passwords many programs with old ones."""
    no, yes = "535 5.7.8 no such ann", "235 2.7.0 welcome"
    setup = await submission(script={"AUTH": [yes, *[no] * MOST_WRONG, yes]}, trusted_networks=())
    right = f"AUTH PLAIN {PLAIN}"
    said = [right, *(wrong(number) for number in range(MOST_WRONG + 1)), right]
    answers = await try_passwords(setup, said)
    assert answers[:-2] == [yes, *[no] * MOST_WRONG]
    assert [each[:9] for each in answers[-2:]] == ["421 4.7.0", "235 2.7.0"]


async def guess_once(client: Client, number: int) -> str:
    await client.say("EHLO client.example")
    return (await client.say(wrong(number)))[:9]


async def test_guesses_that_are_made_at_once_are_counted_before_the_next_are_tried(submission: Any) -> None:
    setup = await submission(script={"AUTH": "535 5.7.8 no such ann"}, trusted_networks=())
    guessers = [await setup.client() for _ in range(40)]
    answers = await asyncio.gather(*(guess_once(each, number) for number, each in enumerate(guessers)))
    tried = answers.count("535 5.7.8")
    assert MOST_WRONG <= tried < 2 * MOST_WRONG
    assert answers.count("421 4.7.0") == 40 - tried
