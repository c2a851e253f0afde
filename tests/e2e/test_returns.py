"""What comes back, through real Postfix: each on the timeline of the right message and recipient."""

import shutil
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.daemons import free_port
from tests.e2e.postfix import Postfix
from tests.e2e.server import Server, until
from tests.e2e.vacation import Vacation

pytestmark = pytest.mark.daemon

ANN, BOB, FULL, AWAY = "ann@example.org", "bob@example.net", "full@example.net", "away@example.net"
GREY = "kim@grey.example"
NOBODY = "nobody@example.net"
BOUNCES = "bounces.example.org"


@pytest.fixture
def reports_port() -> int:
    return free_port()


@pytest.fixture
def grey() -> Iterator[Postfix]:
    """A server that puts everybody off until its list of accesses says otherwise."""
    made = Postfix("grey", {}, mailboxes=(GREY,))
    access = made.path("access")
    access.write_text(f"{GREY} 451 4.7.1 Greylisted, come again\n")
    with made.path("main.cf").open("a") as file:
        file.write(f"smtpd_recipient_restrictions = check_recipient_access texthash:{access}, permit\n")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def postfix(reports_port: int, grey: Postfix) -> Iterator[Postfix]:
    made = Postfix(
        "hop",
        {
            # It takes everybody, and finds out later.
            "smtpd_reject_unlisted_recipient": "no",
            "relay_domains": f"{BOUNCES}, grey.example",
            "message_size_limit": "50000",
            "virtual_mailbox_limit": "60000",
            "delay_warning_time": "1s",
            "confirm_delay_cleared": "yes",
        },
        mailboxes=(ANN, BOB),
    )
    away = Vacation(made.port)
    full = made.folder / "mail" / "full"
    full.write_bytes(b"From x\n\n" + b"\n" * 70_000)
    shutil.chown(full, "postfix")
    maps = made.path("mailboxes")
    maps.write_text(f"{maps.read_text()}{FULL} full\n")
    transport = made.path("transport")
    transport.write_text(
        f"{BOUNCES} lmtp:inet:127.0.0.1:{reports_port}\ngrey.example smtp:[127.0.0.1]:{grey.port}\n"
        f"{AWAY} lmtp:inet:127.0.0.1:{away.port}\n"
    )
    with made.path("main.cf").open("a") as file:
        file.write(f"transport_maps = texthash:{transport}\n")
    away.start()
    made.start()
    yield made
    made.stop()
    away.stop()


@pytest.fixture
def server(tmp_path: Path, postfix: Postfix, reports_port: int) -> Iterator[Server]:
    made = Server(
        tmp_path,
        {
            "BACKSTAMP_GATEWAY_NEXT_HOP": f"smtp://127.0.0.1:{postfix.port}",
            "BACKSTAMP_REPORTS_LISTEN": f"127.0.0.1:{reports_port}",
            "BACKSTAMP_REPORTS_DOMAIN": BOUNCES,
            "BACKSTAMP_REPORTS_RETURN_PATH_DOMAINS": "example.org",
        },
    ).start()
    yield made
    made.kill()


def send(server: Server, number: int, *recipients: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = ANN, ", ".join(recipients), f"Offer {number}"
    mail["Message-ID"] = f"<{number}@example.org>"
    mail.set_content("See https://www.example.com/offer")
    mail.add_alternative('<p><a href="https://www.example.com/offer">The offer</a></p>', subtype="html")
    with smtplib.SMTP("127.0.0.1", server.gateway) as client:
        client.send_message(mail, ANN, recipients)


def came(server: Server, type_: str) -> list[tuple[object, ...]]:
    """Subject, recipient and detail of each event of a type."""
    return server.query(
        "SELECT m.subject, r.address, e.detail FROM records_event e "
        "JOIN records_message m ON m.tracking_id = e.message_id "
        'JOIN records_recipient r ON r.message_id = e.message_id AND r."index" = e.recipient_index '
        f"WHERE e.type = '{type_}' ORDER BY e.id"
    )


def returned(postfix: Postfix) -> list[bytes]:
    """The bounces that Ann has, as her program's reverse path would have got them."""
    return [mail for mail in postfix.mails(ANN) if b"Undelivered Mail Returned to Sender" in mail]


def state(server: Server, address: str) -> object:
    rows = server.query(f"SELECT delivery, opened_at FROM records_recipient WHERE address = '{address}'")
    return rows[0]


def test_a_user_who_does_not_exist_and_a_full_mailbox_bounce_and_the_sender_hears_of_it(
    server: Server, postfix: Postfix
) -> None:
    send(server, 1, BOB, NOBODY)
    send(server, 2, FULL)
    until("two bounces", lambda: len(came(server, "bounced")) == 2)
    unknown, full = sorted(came(server, "bounced"), key=lambda row: str(row[0]))
    assert unknown[:2] == ("Offer 1", NOBODY)
    assert '"permanent":true' in str(unknown[2])
    assert '"enhanced_status":"5.1.1"' in str(unknown[2])
    assert full[:2] == ("Offer 2", FULL)
    assert '"permanent":false' in str(full[2])
    assert '"enhanced_status":"5.2.2"' in str(full[2])
    assert [state(server, each) for each in (NOBODY, FULL, BOB)] == [
        ("bounced", None),
        ("bounced", None),
        ("sent", None),
    ]
    until("both reports with Ann", lambda: len(returned(postfix)) == 2)
    assert [any(each.encode() in mail for mail in returned(postfix)) for each in (NOBODY, FULL)] == [
        True,
        True,
    ]


def test_an_automatic_answer_is_no_reply_and_no_opening(server: Server, postfix: Postfix) -> None:
    send(server, 3, AWAY)
    until("an automatic answer", lambda: came(server, "autoresponded"))
    ((subject, address, _),) = came(server, "autoresponded")
    assert (subject, address) == ("Offer 3", AWAY)
    assert came(server, "replied") == []
    assert state(server, AWAY) == ("sent", None)
    until("the answer with Ann", lambda: postfix.mails(ANN))
    assert b"Back on Monday." in postfix.mails(ANN)[0]
    assert b"Auto-Submitted: auto-replied" in postfix.mails(ANN)[0]


def test_a_greylisted_mail_is_late_and_then_goes_on(server: Server, postfix: Postfix, grey: Postfix) -> None:
    send(server, 4, GREY)
    until("it is late", lambda: came(server, "deferred"))
    ((subject, address, detail),) = came(server, "deferred")
    assert (subject, address) == ("Offer 4", GREY)
    assert "4.7.1" in str(detail)
    until("our next hop has it", lambda: len(came(server, "sent")) == 1)
    grey.path("access").write_text(f"{GREY} OK\n")
    grey.command("postfix", "reload")
    until("it is with its recipient", lambda: grey.mails(GREY), 60)
    # Which word stands goes by their times, and a clock may be set back between them.
    until("and we heard of it", lambda: len(came(server, "sent")) == 2, 60)
