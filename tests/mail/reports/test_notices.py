"""Bounces of other forms than the standard's: in our words, of the kinds that servers send."""

from base64 import b64encode

import pytest

from backstamp.mail.reports import Action, BounceClass, Cause, ReportKind, read_report

HEADER = "From: {}\nTo: ann@example.org\nSubject: {}\nMessage-ID: <n1@mx.example.net>\n\n"
DAEMON = "MAILER-DAEMON@mx.example.net"
COPY = (
    "Received: from mx by mx; Mon, 2 Mar 2026\nFrom: ann@example.org\nTo: list@example.com\n"
    "Message-ID: <1@example.org>\n\nHello\n"
)

NOTICES = {
    "a program that gives up": (
        DAEMON,
        "failure notice",
        "This is the mail program at mx.example.net.\nI wasn't able to deliver your mail to this address.\n"
        "It is a permanent error.\n\n<bob@example.net>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        "--- Below this line is a copy of the message.\n\n" + COPY,
        {"bob@example.net": (BounceClass.HARD, Cause.USER_UNKNOWN)},
    ),
    "indented addresses with reasons": (
        "Mail Delivery System <Mailer-Daemon@mx.example.net>",
        "Mail delivery failed: returning message to sender",
        "A message that you sent could not be delivered to all of its recipients.\n"
        "These addresses failed:\n\n  bob@example.net\n    host mail.example.net [192.0.2.1]:\n"
        "    550 5.1.1 unknown user\n  eve@example.com\n    mailbox is full: retry timeout exceeded\n\n"
        "------ This is a copy of the message, including all the headers. ------\n\n" + COPY,
        {
            "bob@example.net": (BounceClass.HARD, Cause.USER_UNKNOWN),
            "eve@example.com": (BounceClass.SOFT, Cause.MAILBOX_FULL),
        },
    ),
    "a header shown to people": (
        "System Administrator <postmaster@example.net>",
        "Undeliverable: offer",
        "Your message\n\n  To:      list@example.com\n  Subject: offer\n  Sent:    Mon, 2 Mar 2026\n\n"
        "did not reach the following recipient(s):\n\n"
        "c=US;a= ;p=Example;o=Site;dda:SMTP=bob@example.net; on Mon, 2 Mar 2026\n"
        "    The recipient name is not recognized\n",
        {"bob@example.net": (BounceClass.HARD, Cause.USER_UNKNOWN)},
    ),
    "a dialog": (
        "postmaster@example.net",
        "Undeliverable Mail",
        "Unknown user: bob@example.net\n\nRCPT TO generated following response:\n"
        "553 5.3.0 <bob@example.net>... Addressee unknown\n\nOriginal message follows.\n\n" + COPY,
        {"bob@example.net": (BounceClass.HARD, Cause.USER_UNKNOWN)},
    ),
    "a local name alone": (
        "Mail Delivery Subsystem <MAILER-DAEMON@ISP.example>",
        "Mail Delivery Problem",
        "Your mail could not be delivered to the following recipients:\n\n\tscreenname\n",
        {"screenname@isp.example": (BounceClass.HARD, Cause.UNKNOWN)},
    ),
    "German": (
        DAEMON,
        "Unzustellbar: Angebot",
        "Ihre Nachricht konnte nicht zugestellt werden an:\n\n  bob@example.net\n\nDas Postfach ist voll.\n",
        {"bob@example.net": (BounceClass.SOFT, Cause.MAILBOX_FULL)},
    ),
    "Korean": (
        DAEMON,
        "메일 반송",
        "아래 주소로 메일을 전송하지 못했습니다.\n\n받는 사람: bob@example.net\n\n"
        "존재하지 않는 사용자입니다.\n",
        {"bob@example.net": (BounceClass.HARD, Cause.USER_UNKNOWN)},
    ),
    "Japanese": (
        DAEMON,
        "エラーメール",
        "次の宛先にメールを配信できませんでした。\n\n<bob@example.net>\n\nユーザーが存在しません。\n",
        {"bob@example.net": (BounceClass.HARD, Cause.USER_UNKNOWN)},
    ),
    "a host that is not there": (
        DAEMON,
        "Returned mail",
        "Delivery to the following recipient failed permanently:\n\n     bob@nowhere.example\n\n"
        "Technical details: DNS Error: domain name not found\n",
        {"bob@nowhere.example": (BounceClass.HARD, Cause.HOST_UNKNOWN)},
    ),
}


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_names_whom_it_is_about_and_why(name: str) -> None:
    sender, subject, body, expected = NOTICES[name]
    raw = (HEADER.format(sender, subject) + body).encode()
    for end in (b"\n", b"\r\n", b"\r"):
        report = read_report(raw.replace(b"\n", end))
        assert report.kind is ReportKind.DSN
        assert {r.address: (r.bounce, r.cause) for r in report.recipients} == expected
        assert {r.action for r in report.recipients} == {Action.FAILED}


def test_the_mail_that_is_returned_below_is_found() -> None:
    sender, subject, body, _ = NOTICES["a program that gives up"]
    report = read_report((HEADER.format(sender, subject) + body).encode())
    assert report.about.message_id == "<1@example.org>"
    assert report.reporter == "mx.example.net"


def test_a_warning_is_no_bounce() -> None:
    body = (
        "Your mail has not yet been delivered to:\n\n  bob@example.net\n\n"
        "This is only a warning: we will keep trying for 5 days.\n"
    )
    report = read_report((HEADER.format(DAEMON, "Warning: message delayed") + body).encode())
    assert [(r.address, r.action, r.bounce) for r in report.recipients] == [
        ("bob@example.net", Action.DELAYED, BounceClass.SOFT)
    ]


def test_the_field_that_names_the_failed_recipients_counts_before_the_words() -> None:
    raw = HEADER.format(DAEMON, "Delivery Status Notification (Failure)").replace(
        "Message-ID", "X-Failed-Recipients: bob@example.net, eve@example.net\nMessage-ID"
    )
    report = read_report((raw + "It failed. Ask help@example.net.\n").encode())
    assert [r.address for r in report.recipients] == ["bob@example.net", "eve@example.net"]


def test_nobody_is_guessed() -> None:
    body = "Your mail could not be delivered. Write to help@example.net or sales@example.net.\n"
    (recipient,) = read_report((HEADER.format(DAEMON, "failure notice") + body).encode()).recipients
    assert recipient.address == ""


def test_html_is_read_as_it_is_seen() -> None:
    raw = HEADER.format(DAEMON, "failure notice").replace(
        "Message-ID", "Content-Type: text/html; charset=utf-8\nMessage-ID"
    )
    body = (
        "<html><head><title>x</title><style>a@b.example{}</style></head><body><p>Your mail could not be "
        "delivered:<br><b>&lt;bob@example.net&gt;</b><br>No such user</p><!-- c@d.example --></body></html>"
    )
    assert [r.address for r in read_report((raw + body).encode()).recipients] == ["bob@example.net"]


@pytest.mark.parametrize("charset", ["utf-16", "utf-16le", "UTF-16BE", "utf-32"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_notice_in_wide_letters_is_read(charset: str, mark: str) -> None:
    header = HEADER.format(DAEMON, "failure notice").replace(
        "Message-ID",
        f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\nMessage-ID",
    )
    text = f"{mark}Your mail could not be delivered:\n<bob@example.net>\nNo such user\n"
    body = text.encode(charset)
    report = read_report(header.encode() + b64encode(body))
    assert [(r.address, r.cause) for r in report.recipients] == [("bob@example.net", Cause.USER_UNKNOWN)]


@pytest.mark.parametrize(
    "said",
    [
        "Správa ešte nebola doručená:",
        "Zpráva dosud nebyla doručena:",
        "Порука још није испоручена:",
        "Kirja ei õnnestunud veel kätte toimetada:",
        "Skeytið hefur ekki enn verið afhent:",
    ],
)
def test_what_did_not_arrive_yet_is_late(said: str) -> None:
    header = HEADER.format(DAEMON, "x").replace(
        "Message-ID", "Content-Type: text/plain; charset=utf-8\nMessage-ID"
    )
    (found,) = read_report(f"{header}{said}\n\n<bob@example.net>\n".encode()).recipients
    assert (found.address, found.action) == ("bob@example.net", Action.DELAYED)


def test_a_reason_may_stand_above_all_or_below_several() -> None:
    above = (
        "Your message was not delivered because the destination computer was not reachable.\n\n"
        "The following recipients did not receive your message:\n\n<bob@example.net>\n<eve@example.net>\n"
    )
    below = (
        "Your message could not be delivered to:\n\n<bob@example.net>:\n<eve@example.net>:\nmailbox is full\n"
    )
    for body, cause in ((above, Cause.NETWORK), (below, Cause.MAILBOX_FULL)):
        recipients = read_report((HEADER.format(DAEMON, "failure notice") + body).encode()).recipients
        assert [(r.address, r.cause) for r in recipients] == [
            ("bob@example.net", cause),
            ("eve@example.net", cause),
        ]


def test_whom_to_ask_is_not_who_failed() -> None:
    body = (
        "Delivery to the following recipient failed permanently:\n\n     bob@example.net\n\n"
        "550 5.7.1 Your message was blocked. Send an e-mail from another address to dz@list.example.\n"
    )
    (recipient,) = read_report((HEADER.format(DAEMON, "failure notice") + body).encode()).recipients
    assert (recipient.address, recipient.bounce, recipient.cause) == (
        "bob@example.net",
        BounceClass.SOFT,
        Cause.POLICY,
    )


@pytest.mark.parametrize(
    ("words", "address", "guessed"),
    [
        ("could not be delivered to:\n\n<bob@example.net>: unknown user", "bob@example.net", False),
        ("could not be delivered. 550 5.1.1 unknown user", "team@example.net", True),
        ("could not be delivered to the following recipients:\n\n    bob\n", "bob@mx.example.net", True),
    ],
)
def test_whom_a_notice_does_not_name_is_told_from_whom_it_names(
    words: str, address: str, guessed: bool
) -> None:
    raw = (
        "From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered Mail Returned to Sender\n\n"
        f"Your message {words}\n\n"
        "----- Original message -----\n\nFrom: ann@example.org\nTo: team@example.net\n"
        "Message-ID: <1@example.org>\nSubject: offer\n\nHello\n"
    )
    (recipient,) = read_report(raw.encode()).recipients
    assert (recipient.address, recipient.guessed) == (address, guessed)


def test_a_receipt_of_certified_mail_names_the_message_that_it_is_about() -> None:
    raw = (
        b"From: posta-certificata@pec.example\nSubject: AVVISO DI MANCATA CONSEGNA: Fattura\n"
        b"X-Ricevuta: errore-consegna\nX-Riferimento-Message-ID: <1@example.org>\n\n"
        b'Il messaggio destinato all\'utente "bob@pec.example" non \xc3\xa8 stato consegnato: 5.1.1\n'
    )
    assert read_report(raw).about.message_id == "<1@example.org>"


@pytest.mark.parametrize(
    "alias",
    [
        "(expanded from <staff@example.com>)",
        "(expanded from: staff@example.com)",
        "\n    (generated from staff@example.com)",
    ],
)
@pytest.mark.parametrize(
    "machines", ["", "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1\n"]
)
def test_behind_an_alias_the_recipient_is_the_one_whom_the_sender_wrote_to(alias: str, machines: str) -> None:
    text = f"Your mail could not be delivered to:\n\n<bob@example.net> {alias}: 550 5.1.1 unknown user\n"
    fields = "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
    parts = f"{fields}--b\n\n{text}\n--b\nContent-Type: message/delivery-status\n\n{machines}\n--b--\n"
    head = "From: MAILER-DAEMON@mx.example.net\nTo: ann@example.org\nSubject: Undelivered mail\n"
    report = read_report(f"{head}{parts if machines else chr(10) + text}".encode())
    assert [(r.address, r.final) for r in report.recipients] == [("staff@example.com", "bob@example.net")]
