"""Reports by the standards: RFC 3464, 8098, 5965, 3834."""

import base64

import pytest

from backstamp.mail.facts import message_facts
from backstamp.mail.reports import Action, BounceClass, Cause, MailReport, ReportKind, read_report
from backstamp.mail.reports.replies import status_in


def dsn(
    *groups: str, notice: str = "It did not arrive.", returned: str = "Message-ID: <1@example.org>\n"
) -> bytes:
    fields = "\n".join(groups)
    return (
        "From: Mail Delivery System <mailer-daemon@mx.example.net>\nTo: b-abc@bounces.example.org\n"
        "Subject: Undelivered mail\nMIME-Version: 1.0\nAuto-Submitted: auto-replied\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=x"\n\n'
        f"--=x\nContent-Type: text/plain\n\n{notice}\n"
        "--=x\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.example.net\nOriginal-Envelope-Id: e77\n\n"
        f"{fields}\n--=x\nContent-Type: message/rfc822\n\n"
        "From: Ann <ann@example.org>\nTo: bob@example.net\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n"
        f"{returned}\nHello\n--=x--\n"
    ).encode()


def group(**fields: str) -> str:
    return "".join(f"{name.replace('_', '-').title()}: {value}\n" for name, value in fields.items())


def line_ends(raw: bytes) -> list[MailReport]:
    return [read_report(raw.replace(b"\n", end)) for end in (b"\n", b"\r\n", b"\r")]


FAILED = group(
    final_recipient="rfc822; bob@example.net",
    action="failed",
    status="5.1.1",
    remote_mta="dns; mail.example.net",
    diagnostic_code="smtp; 550 5.1.1 <bob@example.net>: Recipient address rejected:\n User unknown",
)


def test_a_failed_delivery_says_who_why_and_of_which_mail() -> None:
    one, two, three = line_ends(dsn(FAILED))
    assert one == two == three
    (bob,) = one.recipients
    assert (bob.address, bob.action, bob.bounce, bob.cause) == (
        "bob@example.net",
        Action.FAILED,
        BounceClass.HARD,
        Cause.USER_UNKNOWN,
    )
    assert (bob.enhanced_status, bob.code, bob.remote_mta) == ("5.1.1", 550, "mail.example.net")
    assert bob.text == "550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown"
    assert one.kind is ReportKind.DSN
    assert one.reporter == "mx.example.net"
    about = one.about
    assert (about.message_id, about.envelope_id) == ("<1@example.org>", "e77")
    assert (about.sender, about.recipient, about.subject) == ("ann@example.org", "bob@example.net", "Grüße")


def test_groups_that_a_gateway_encoded_are_read() -> None:
    encoded = base64.encodebytes(FAILED.encode()).decode()
    mark = "Original-Envelope-Id: e77\n"
    raw = dsn(encoded).replace(
        mark.encode(), f"{mark}Content-Transfer-Encoding: base64\nContent-Length: 712\n".encode()
    )
    for report in line_ends(raw):
        (bob,) = report.recipients
        assert (bob.address, bob.enhanced_status, bob.code) == ("bob@example.net", "5.1.1", 550)
        assert (bob.remote_mta, bob.cause) == ("mail.example.net", Cause.USER_UNKNOWN)
    said_only = dsn(FAILED).replace(mark.encode(), f"{mark}Content-Transfer-Encoding: base64\n".encode())
    assert read_report(said_only).recipients == read_report(dsn(FAILED)).recipients


def test_each_recipient_has_its_own_outcome() -> None:
    report = read_report(
        dsn(
            FAILED,
            group(final_recipient="rfc822;eve@example.net", action="delayed", status="4.4.1"),
            group(final_recipient="rfc822;kim@example.net", action="delivered", status="2.0.0"),
            group(final_recipient="rfc822;lee@example.net", action="relayed", status="2.0.0"),
        )
    )
    assert [(r.address, r.action, r.bounce) for r in report.recipients] == [
        ("bob@example.net", Action.FAILED, BounceClass.HARD),
        ("eve@example.net", Action.DELAYED, BounceClass.SOFT),
        ("kim@example.net", Action.DELIVERED, BounceClass.OTHER),
        ("lee@example.net", Action.RELAYED, BounceClass.OTHER),
    ]


def test_the_recipient_is_the_one_that_the_sender_wrote() -> None:
    fields = group(
        original_recipient="rfc822;bob@example.net",
        final_recipient="rfc822;b.smith@inside.example.net",
        action="failed",
        status="5.1.1",
    )
    (recipient,) = read_report(dsn(fields)).recipients
    assert (recipient.address, recipient.final) == ("bob@example.net", "b.smith@inside.example.net")


def test_an_original_recipient_that_was_never_decoded_is_the_final_one() -> None:
    fields = group(
        original_recipient="rfc822;bob+2Btag@example.net",
        final_recipient="rfc822;bob+tag@example.net",
        action="failed",
        status="5.1.1",
    )
    (recipient,) = read_report(dsn(fields)).recipients
    assert (recipient.address, recipient.final) == ("bob+tag@example.net", "")


@pytest.mark.parametrize(("status", "cause"), [("5.7.133", Cause.POLICY), ("5.7.1", Cause.USER_UNKNOWN)])
def test_a_frame_that_guesses_counts_less_than_a_status_that_names_a_policy(
    status: str, cause: Cause
) -> None:
    fields = group(
        final_recipient="rfc822;bob@example.net",
        action="failed",
        status=status,
        diagnostic_code="smtp; 550 not permitted",
    )
    (recipient,) = read_report(dsn(fields, notice="The address wasn't found at example.net.")).recipients
    assert recipient.cause is cause


@pytest.mark.parametrize(
    ("status", "said", "bounce", "cause"),
    [
        ("5.1.1", "", BounceClass.HARD, Cause.USER_UNKNOWN),
        ("5.1.2", "", BounceClass.HARD, Cause.HOST_UNKNOWN),
        ("5.2.2", "", BounceClass.SOFT, Cause.MAILBOX_FULL),
        ("5.0.0", "smtp; 552 5.0.0 mailbox is full", BounceClass.SOFT, Cause.MAILBOX_FULL),
        ("5.3.4", "", BounceClass.SOFT, Cause.TOO_BIG),
        ("4.4.7", "", BounceClass.SOFT, Cause.EXPIRED),
        ("5.7.1", "smtp; 550 5.7.1 rejected as spam", BounceClass.SOFT, Cause.CONTENT),
        ("5.7.1", "smtp; 550 5.7.1 no such user here", BounceClass.HARD, Cause.USER_UNKNOWN),
        ("4.4.4", "X-Postfix; Host or domain name not found", BounceClass.HARD, Cause.HOST_UNKNOWN),
        ("5.1.1", "smtp; 550 5.1.1 rejected as spam", BounceClass.SOFT, Cause.CONTENT),
        ("5.1.1", "smtp; connection timed out", BounceClass.SOFT, Cause.NETWORK),
        ("5.1.1", "smtp; 550 5.1.1 relay denied", BounceClass.SOFT, Cause.POLICY),
        ("5.1.1", "smtp; 550 5.1.1 Recipient rejected", BounceClass.HARD, Cause.USER_UNKNOWN),
        ("4.4.4", "smtp; a temporary server error, try again later", BounceClass.SOFT, Cause.NETWORK),
        ("5.7.1", "smtp; 554 5.7.1 Recipient address rejected: not by Ann", BounceClass.SOFT, Cause.POLICY),
        ("5.0.0", "smtp; 554 x: Recipient address rejected: not by Ann", BounceClass.HARD, Cause.UNKNOWN),
        ("5.0.0", "smtp; 550 Recipient address rejected: b@c.example", BounceClass.HARD, Cause.USER_UNKNOWN),
        ("5.0.0", "smtp; 550 Recipient address rejected: user gone", BounceClass.HARD, Cause.UNKNOWN),
        ("5.0.0", "smtp; 550 Recipient rejected [a7.mx.example]", BounceClass.HARD, Cause.USER_UNKNOWN),
        (
            "",
            "smtp; 550 Recipient address rejected (in reply to RCPT TO command)",
            BounceClass.HARD,
            Cause.USER_UNKNOWN,
        ),
        ("5.7.1", "smtp; 554 5.7.1 Message rejected due to local policy", BounceClass.SOFT, Cause.POLICY),
        ("5.7.1", "smtp; 554 5.7.1 Recipient rejected: unknown user", BounceClass.HARD, Cause.USER_UNKNOWN),
        ("5.7.1", "smtp; 550 5.7.1 that IP address is not known here", BounceClass.SOFT, Cause.POLICY),
        ("5.7.1", "smtp; 550 5.7.1 the mail server address is unknown", BounceClass.SOFT, Cause.POLICY),
        ("5.7.51", "smtp; a connector is for the recipient domain", BounceClass.SOFT, Cause.POLICY),
        ("5.0.0", "smtp; 550 Too many failures (tried too often)", BounceClass.SOFT, Cause.EXPIRED),
        ("5.0.0", "smtp; 550 the lowest numbered MX record is here", BounceClass.SOFT, Cause.LOOP),
        ("5.1.90", "smtp; you've reached the limit for recipients", BounceClass.SOFT, Cause.RATE),
        ("5.0.0", "smtp; 554 no Resent-From field given", BounceClass.SOFT, Cause.CONTENT),
        ("5.0.0", "", BounceClass.HARD, Cause.UNKNOWN),
        ("5.0.0", "smtp; 550 5.0.0", BounceClass.HARD, Cause.UNKNOWN),
        ("5.0.0", "smtp; 550 hapana", BounceClass.UNDETERMINED, Cause.UNKNOWN),
        ("5.0.0", "smtp; 550 <bob@example.net>: ara", BounceClass.UNDETERMINED, Cause.UNKNOWN),
        ("4.0.0", "smtp; 450 hapana", BounceClass.SOFT, Cause.UNKNOWN),
        ("5.1.1", "smtp; 550 5.1.1 hapana", BounceClass.HARD, Cause.USER_UNKNOWN),
        ("5.1.0", "smtp; 550 5.1.0 hapana", BounceClass.UNDETERMINED, Cause.UNKNOWN),
        ("5.1.0", "smtp; 550 5.1.0 mail rejected", BounceClass.SOFT, Cause.POLICY),
        ("5.1.0", "smtp; 550 5.1.0 an ugly message", BounceClass.SOFT, Cause.POLICY),
        ("5.0.0", "smtp; 550 5.0.0 The mailbox is\n full", BounceClass.SOFT, Cause.MAILBOX_FULL),
        ("4.0.0", "", BounceClass.SOFT, Cause.UNKNOWN),
    ],
)
def test_hard_means_that_the_address_is_no_good(
    status: str, said: str, bounce: BounceClass, cause: Cause
) -> None:
    fields = group(
        final_recipient="rfc822;bob@example.net", action="failed", status=status, diagnostic_code=said
    )
    (recipient,) = read_report(dsn(fields)).recipients
    assert (recipient.bounce, recipient.cause) == (bounce, cause)


@pytest.mark.parametrize(
    ("said", "bounce"),
    [
        ("550 hapana", BounceClass.UNDETERMINED),
        ("550 mailbox for <bob@example.net> is not available", BounceClass.HARD),
        ("550", BounceClass.HARD),
    ],
)
def test_that_a_notice_speaks_of_a_message_is_no_reason_why_it_did_not_arrive(
    said: str, bounce: BounceClass
) -> None:
    fields = group(
        final_recipient="rfc822;bob@example.net",
        action="failed",
        status="5.0.0",
        diagnostic_code=f"smtp; {said}",
    )
    notice = "This is the mail system at mx.example.net.\n\nYour message could not be delivered to everybody."
    (recipient,) = read_report(dsn(fields, notice=notice)).recipients
    assert (recipient.bounce, recipient.cause, recipient.because) == (bounce, Cause.UNKNOWN, "")


def test_a_status_for_a_rule_says_more_than_the_reply_code_that_the_notice_repeats() -> None:
    fields = (
        "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.7.0\n"
        "Diagnostic-Code: smtp; 552 5.7.0 not like this"
    )
    notice = "<bob@example.net>: mx.example.net said: 552 5.7.0 not like this"
    (recipient,) = read_report(dsn(fields, notice=notice)).recipients
    assert recipient.cause is Cause.POLICY


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ("550 <bob@example.net>... User unknown", 'the words "User unknown"'),
        ("550 5.4.4 hapana", "the status 5.4.4"),
        ("501 hapana", "the reply code 501"),
        ("550 5.1.1 Sender rejected: user unknown", 'the words "Sender rejected", about who sends'),
        ("550 5.1.7 user unknown", "the status 5.1.7, about who sends"),
        ("450 4.2.0 mailbox unavailable", 'the words "mailbox unavailable", for now'),
        ("550 mailbox unavailable, spam", 'the words "spam"'),
        ("550 5.7.1 no such user, by policy", "the status 5.7.1, and words for a rule"),
        ("550 no such user; greylisted", 'the words "no such user", and other words say that it passes'),
        ("550 IP is bad", 'the words "IP", about who sends'),
        ("550 dear customer", 'the words "customer", and none that deny it'),
        ("550 this message is ugly", 'the words "message", and none about a user'),
        ("550 hapana", ""),
    ],
)
def test_a_bounce_says_by_what_its_cause_was_found(said: str, because: str) -> None:
    fields = group(
        final_recipient="rfc822;bob@example.net",
        action="failed",
        status=status_in(said) or "5.0.0",
        diagnostic_code=f"smtp; {said}",
    )
    (recipient,) = read_report(dsn(fields)).recipients
    assert recipient.because == because
    (late,) = read_report(dsn(fields.replace("failed", "relayed"))).recipients
    assert late.because == ""


def test_the_moments_of_a_report_are_kept() -> None:
    fields = group(
        final_recipient="rfc822;bob@example.net",
        action="delivered",
        last_attempt_date="Mon, 2 Mar 2026 09:12:31 +0100",
    )
    raw = dsn(fields).replace(
        b"Original-Envelope-Id", b"Arrival-Date: Mon, 2 Mar 2026 09:12:00 +0100\nOriginal-Envelope-Id"
    )
    report = read_report(raw)
    assert report.arrival_us == 1_772_439_120_000_000
    assert report.recipients[0].last_attempt_us == 1_772_439_151_000_000


def test_what_is_said_of_one_recipient_says_nothing_of_another() -> None:
    notice = "<bob@example.net>: mailbox is full\n\n<eve@example.net>: no such user here\n"
    groups = [
        group(final_recipient=f"rfc822;{who}@example.net", action="failed", status="5.0.0")
        for who in ("bob", "eve")
    ]
    bob, eve = read_report(dsn(*groups, notice=notice)).recipients
    assert (bob.bounce, bob.cause) == (BounceClass.SOFT, Cause.MAILBOX_FULL)
    assert (eve.bounce, eve.cause) == (BounceClass.HARD, Cause.USER_UNKNOWN)


def test_a_recipient_begins_a_group_where_the_blank_line_is_missing() -> None:
    eve = group(final_recipient="rfc822; eve@example.net", action="failed", status="5.2.2")
    report = read_report(dsn(FAILED + eve))
    assert [(r.address, r.enhanced_status, r.bounce) for r in report.recipients] == [
        ("bob@example.net", "5.1.1", BounceClass.HARD),
        ("eve@example.net", "5.2.2", BounceClass.SOFT),
    ]


def test_an_action_beside_the_fields_of_the_message_is_that_of_the_recipients() -> None:
    waits = group(final_recipient="rfc822; bob@example.net", status="4.7.0")
    report = read_report(dsn("Action: failed\n", waits))
    (bob,) = report.recipients
    assert (bob.address, bob.action, bob.bounce) == ("bob@example.net", Action.FAILED, BounceClass.SOFT)


@pytest.mark.parametrize(
    ("subject", "action"),
    [
        ("Returned mail: see transcript for details", Action.FAILED),
        ("Delivery Status Notification (Delay)", Action.DELAYED),
    ],
)
def test_a_daemons_report_that_is_empty_is_one_all_the_same(subject: str, action: Action) -> None:
    report = read_report(
        f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nSubject: {subject}\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "<<< No Message Collected >>>\n".encode()
    )
    assert report.kind is ReportKind.DSN
    assert [(r.address, r.action) for r in report.recipients] == [("", action)]


def test_a_report_that_a_person_forwards_is_not_about_us() -> None:
    parts = dsn(FAILED).partition(b"Content-Type: multipart/report")[2].partition(b"\n\n")[2]
    raw = (
        b"From: Ann <ann@example.org>\nTo: help@example.org\nSubject: Fwd: Undelivered mail\n"
        b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="=x"\n\n' + parts
    )
    assert read_report(raw).kind is ReportKind.NONE
    attached = (
        b"From: Ann <ann@example.org>\nTo: help@example.org\nSubject: Fwd: Undelivered mail\n"
        b"Content-Type: message/rfc822\n\n" + dsn(FAILED)
    )
    assert read_report(attached).kind is ReportKind.NONE


def test_a_status_in_the_text_counts_before_one_that_says_nothing() -> None:
    fields = group(
        final_recipient="rfc822;bob@example.net",
        action="failed",
        status="5.0.0",
        diagnostic_code="smtp; 550-5.1.1 The account does not exist",
    )
    assert read_report(dsn(fields)).recipients[0].enhanced_status == "5.1.1"


def test_a_recipient_in_x400_is_taken_from_the_notice() -> None:
    fields = group(final_recipient="x400; /RFC-822=bob(a)example.net/", action="failed", status="5.0.0")
    report = read_report(dsn(fields, notice="Your message was not delivered to:\n   bob@example.net\n"))
    assert [r.address for r in report.recipients] == ["bob@example.net"]


RECEIPT = (
    "From: bob@example.net\nTo: ann@example.org\nSubject: Read: offer\nMIME-Version: 1.0\n"
    'Content-Type: multipart/report; report-type=disposition-notification; boundary="=x"\n\n'
    "--=x\nContent-Type: text/plain\n\nThe mail was displayed.\n"
    "--=x\nContent-Type: message/disposition-notification\n\n"
    "Reporting-UA: mail.example.net; Mailer 1.0\nOriginal-Recipient: rfc822;sales@example.net\n"
    "Final-Recipient: rfc822;bob@example.net\nOriginal-Message-ID: <1@example.org>\n"
    "Disposition: manual-action/MDN-sent-manually; {}\n\n--=x--\n"
)


@pytest.mark.parametrize("disposition", ["displayed", "deleted", "processed"])
def test_a_receipt_says_what_was_done_with_the_mail(disposition: str) -> None:
    for report in line_ends(RECEIPT.format(disposition).encode()):
        assert (report.kind, report.disposition) == (ReportKind.MDN, disposition)
        assert report.about.message_id == "<1@example.org>"
        assert [(r.address, r.final) for r in report.recipients] == [("sales@example.net", "bob@example.net")]
        assert report.reporter == "mail.example.net; Mailer 1.0"


def test_a_receipt_by_which_a_server_refuses_is_a_bounce() -> None:
    raw = RECEIPT.format("deleted").replace(
        "The mail was displayed.",
        "Your message to <sales@example.net> was automatically rejected:\nQuota exceeded",
    )
    report = read_report(raw.replace("From: bob@example.net", "From: postmaster@example.net").encode())
    assert report.kind is ReportKind.DSN
    (recipient,) = report.recipients
    assert (recipient.address, recipient.bounce) == ("sales@example.net", BounceClass.SOFT)


def test_a_server_that_refuses_for_a_local_user_means_whom_its_words_name_or_the_mail_was_sent_to() -> None:
    raw = RECEIPT.format("deleted").replace("Original-Recipient: rfc822;sales@example.net\n", "")
    raw = raw.replace("rfc822;bob@example.net", "rfc822; popuser").replace("From: bob@", "From: postmaster@")
    raw = raw.replace("The mail was displayed.", "Your message was automatically rejected: Quota exceeded")
    returned = "--=x\nContent-Type: message/rfc822\n\nFrom: ann@example.org\nTo: {}\n\nHello\n--=x--\n"
    for to, address in (("bob@example.net", "bob@example.net"), ("bob@example.net, eve@example.net", "")):
        report = read_report(raw.replace("--=x--\n", returned.format(to)).encode())
        assert report.kind is ReportKind.DSN
        assert [(r.address, r.bounce, r.guessed) for r in report.recipients] == [
            (address, BounceClass.SOFT, True)
        ]
    report = read_report(raw.replace("exceeded", "exceeded for eve@example.net").encode())
    assert [(r.address, r.guessed) for r in report.recipients] == [("eve@example.net", False)]


COMPLAINT = (
    "From: feedback@isp.example\nTo: fbl@example.org\nSubject: FW: offer\nMIME-Version: 1.0\n"
    'Content-Type: multipart/report; report-type=feedback-report; boundary="=x"\n\n'
    "--=x\nContent-Type: text/plain\n\nThis is a report for mail received.\n"
    "--=x\nContent-Type: message/feedback-report\n\n"
    "Feedback-Type: {type}\nUser-Agent: Loop/1\nVersion: 1\n{rcpt}\n"
    "--=x\nContent-Type: message/rfc822\n\nFrom: ann@example.org\nTo: bob@example.net\n"
    "Message-ID: <1@example.org>\nSubject: offer\n\nHello\n--=x--\n"
)


def test_a_complaint_names_the_reader_and_the_mail() -> None:
    raw = COMPLAINT.format(type="abuse", rcpt="Original-Rcpt-To: <bob@example.net>\n")
    for report in line_ends(raw.encode()):
        assert (report.kind, report.feedback_type) == (ReportKind.FEEDBACK, "abuse")
        assert [r.address for r in report.recipients] == ["bob@example.net"]
        assert (report.about.message_id, report.reporter) == ("<1@example.org>", "Loop/1")


def test_a_complaint_in_an_ordinary_mail_is_named_after_the_mail_that_it_is_about() -> None:
    raw = COMPLAINT.format(type="abuse", rcpt="").replace("report; report-type=feedback-report", "mixed")
    assert read_report(raw.encode()).kind is ReportKind.FEEDBACK
    answered = raw.replace("Subject: FW:", "In-Reply-To: <1@example.org>\nSubject: Re:", 1)
    assert read_report(answered.encode()).kind is ReportKind.REPLY


def test_a_complaint_without_the_reader_goes_by_the_returned_mail() -> None:
    report = read_report(COMPLAINT.format(type="Not-Spam", rcpt="").encode())
    assert (report.feedback_type, [r.address for r in report.recipients]) == ("not-spam", ["bob@example.net"])


def test_a_complaint_whose_boundary_lost_its_fold_is_one() -> None:
    raw = COMPLAINT.format(type="opt-out", rcpt="Removal-Recipient: bob@example.net\n")
    for report in line_ends(raw.replace("feedback-report; boundary", "feedback-report;\nboundary").encode()):
        assert (report.kind, report.feedback_type) == (ReportKind.FEEDBACK, "opt-out")
        assert [r.address for r in report.recipients] == ["bob@example.net"]


MARKED = (
    "X-HmXmrOriginalRecipient: bob@example.net\nFrom: ann@example.org\nTo: bob@example.net\n"
    "Message-ID: <1@example.org>\nSubject: offer\n\nHello\n"
)


def test_microsofts_complaint_is_told_by_the_field_that_it_adds() -> None:
    path = "Return-Path: staff@hotmail.com\n"
    attached = (
        f"{path}From: staff@hotmail.com\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="=x"\n\n--=x\nContent-Type: message/rfc822\n\n'
    )
    for raw in (attached + MARKED + "\n--=x--\n", path + MARKED):
        report = read_report(raw.encode())
        assert (report.kind, report.reporter) == (ReportKind.FEEDBACK, "hotmail.com")
        assert [r.address for r in report.recipients] == ["bob@example.net"]
        assert (report.about.message_id, report.about.subject) == ("<1@example.org>", "offer")
    assert read_report(f"Return-Path: eve@example.com\n{MARKED}".encode()).kind is ReportKind.NONE


ANSWER = "From: Bob <bob@example.net>\nTo: ann@example.org\nSubject: {}\n{}\n\nHello Ann,\n"
TO_ONE = "In-Reply-To: <1@example.org>\nReferences: <0@example.org> <1@example.org>"


@pytest.mark.parametrize(
    ("subject", "fields"),
    [
        ("Re: offer", f"{TO_ONE}\nAuto-Submitted: auto-replied (vacation)"),
        ("Out of Office: offer", ""),
        ("Automatische Antwort: offer", ""),
        ("=?utf-8?b?7J6Q64+Z7J2R64u1?= offer", ""),
        ("Outomatiese antwoord: offer", TO_ONE),
        ("=?utf-8?b?4YOQ4YOV4YOi4YOd4YOb4YOQ4YOi4YOj4YOg4YOYIOGDnuGDkOGDoeGDo+GDruGDmDo=?= offer", TO_ONE),
        ("Re: offer", f"{TO_ONE}\nX-Autoreply: yes"),
        ("offer", f"{TO_ONE}\nPrecedence: auto_reply"),
        ("Re: offer", "Return-Path: <>"),
        ("Re: Urlaub", "Precedence: bulk"),
        ("Thank you for your e-mail", "Precedence: bulk\nReturn-Path: <>"),
        ("Vielen Dank für Ihre Nachricht", "Auto-Submitted: auto-generated"),
        ("Re: offer", f"{TO_ONE}\nAuto-Submitted: auto-notified; owner-email=bob@example.net"),
        ("Re: offer", f"{TO_ONE}\nAuto-Submitted: auto-generated (ticket)"),
        ("Re: offer", f"{TO_ONE}\nAuto-Submitted: something-else"),
        *(
            ("Re: offer", f"{TO_ONE}\n{mark}")
            for mark in (
                *("X-Autoresponder: yes", "X-MS-Exchange-Inbox-Rules-Loop: bob@example.net"),
                *("X-POST-MessageClass: 9; Autoresponder", "Precedence: auto-reply", "X-Autoresponse: 1"),
                *("X-MDAutoresponder: bob@example.net", "X-Amazon-Auto-Reply: true", "X-Auto-Reply-From: b"),
                *("X-FC-MachineGenerated: true", "Precedence: bulk"),
                *("Precedence: junk", "X-SmarterMail-AutoResponder: 1", "X-OTRS-Loop: s@example.net"),
                *("X-Autogenerated: Reply", "X-Mailer: vacation 1.2", "Delivered-To: Autoresponder"),
            )
        ),
    ],
)
def test_an_answer_by_a_machine_is_told_from_a_persons(subject: str, fields: str) -> None:
    report = read_report(ANSWER.format(subject, fields).encode())
    assert (report.kind, [r.address for r in report.recipients]) == (
        ReportKind.AUTO_REPLY,
        ["bob@example.net"],
    )


@pytest.mark.parametrize(
    "subject",
    [
        *(
            "[Auto-Reply] offer",
            "[자동응답] 제안",
            "[부재중] 제안",
            "【自動返信】お問い合わせ",
            "부재중 자동 응답: offer",
            "(Auto-Reply) offer",
        ),
        *(
            "Abwesend: Angebot",
            "Abwesenheit: Angebot",
            "OOO: offer",
            "OOO Re: offer",
            "[OOO] offer",
            "OOF: offer",
        ),
        *("Bob is out of the office", "Bob B. Smith/SITE is out of the office (returning 3 May)"),
        *("Bob Smith is out of the office until Monday", "[EXTERNAL] Automatic reply: offer"),
        *("I'm on annual leave until 15 March", "Away until 15 March", "Abwesend bis 15.03.2026"),
        *(
            "Absent du bureau jusqu'au 15 mars",
            "Estoy fuera de la oficina Re: offer",
            "Vacaciones hasta el 15",
        ),
        *("Ausente do escritório: offer", "Assente dal 2 al 15 marzo", "Afwezig tot 15 maart"),
        *("Frånvarande till 15 mars", "Urlop do 15 marca", "Вне офиса до 15 марта"),
        *(
            "Eingangsbestätigung: offer",
            "Ihre Nachricht ist bei uns eingegangen",
            "Accusé de réception : offer",
        ),
        *("【受付完了】お問い合わせを受け付けました", "您的邮件已收到（系统自动回复）", "İletiniz alındı"),
        *("Αυτόματη απάντηση: offer", "מענה אוטומטי: offer", "תשובה אוטומטית: offer", "رد تلقائي: offer"),
        *(
            "الرد التلقائي: offer",
            "Răspuns automat: offer",
            "În afara biroului: offer",
            "Trả lời tự động: offer",
        ),
        *("Автоматична відповідь: offer", "Automatski odgovor: offer", "Balasan otomatis: offer"),
        *(
            "自动回复：报价",
            "自動回覆: 報價",
            "自動応答: 見積",
            "不在: 見積",
            "外出：报价",
            "휴가 안내: 제안",
            "来自鲍勃的自动回复",
            "Yahoo! Auto Response",
        ),
        *("Absence : offre", "Absent du bureau: offre", "Ausente: oferta", "Fora do escritório: oferta"),
        *("Assente: offerta", "Afwezig: aanbod", "Afwezigheidsbericht: aanbod", "Poissa: tarjous"),
        *("Ikke til stede: tilbud", "Poza biurem: oferta", "Mimo kancelář: nabídka", "Házon kívül: ajánlat"),
        *("Ofis dışında: teklif", "Вне офиса: предложение", "ตอบกลับอัตโนมัติ: offer", "Autosvar: tilbud"),
        *("AutoRe: offer", "Auto-Re: offer", "[AUTO] offer", "Auto: Re: offer", "Annual leave: offer"),
        *("Out of office message", "Vacation notice", "Away from my desk", "Holiday reply: offer"),
        *(
            "Nicht im Büro: Angebot",
            "Réponse automatique : offre",
            "Répondeur automatique : offre",
            "Message d'absence",
            "Message automatique d'absence",
            "Avis d'absence",
        ),
        *("Respuesta automática: oferta", "Contestación automática", "Fuera de la oficina: oferta"),
        *("Resposta automática: oferta", "Risposta automatica: offerta", "Risponditore automatico"),
        *("Fuori ufficio: offerta", "Ausência temporária: oferta", "Automatiskt svar: offert"),
        *("Frånvaromeddelande: offert", "Fraværsmelding: tilbud", "Fravær: tilbud", "Niet aanwezig: aanbod"),
        *("Automatyczna odpowiedź: oferta", "Odpowiedź automatyczna", "Autoodpowiedź", "Nieobecność: oferta"),
        *("Automatická odpověď: nabídka", "Automaattinen vastaus: tarjous", "Automaatvastus: pakkumine"),
        *("Automātiskā atbilde: piedāvājums", "Automatinis atsakymas", "Automatikus válasz: ajánlat"),
        *("Samodejni odgovor: ponudba", "Аутоматски одговор: понуда", "Sjálfvirkt svar: tilboð"),
        *("Otomatik yanıt: teklif", "Автоответ: предложение", "Автоматический ответ", "Автоматичен отговор"),
        *("Απουσία από το γραφείο: offer", "מחוץ למשרד: offer", "خارج المكتب: offer", "پاسخ خودکار: offer"),
        *("स्वचालित उत्तर: offer", "การตอบกลับอัตโนมัติ: offer", "Vắng mặt tại văn phòng: offer"),
    ],
)
def test_machines_say_in_many_languages_that_they_answer(subject: str) -> None:
    assert read_report(ANSWER.format(subject, TO_ONE).encode()).kind is ReportKind.AUTO_REPLY
    assert read_report(ANSWER.format(subject, "X-Nothing: 1").encode()).kind is ReportKind.AUTO_REPLY


@pytest.mark.parametrize(
    "subject",
    [
        "Sono in ferie",
        "De vacaciones",
        "Estou de férias",
        "Ik ben met vakantie",
        "Jag är på semester",
        "Urlop",
    ],
)
def test_who_is_away_by_a_mail_that_cannot_be_answered_is_a_machine(subject: str) -> None:
    raw = f"From: Bob <bob@example.net>\nTo: ann@example.org\nSubject: {subject}\n\nUntil Monday.\n"
    assert read_report(f"Return-Path: <>\n{raw}".encode()).kind is ReportKind.AUTO_REPLY
    assert read_report(f"Return-Path: <bob@example.net>\n{raw}".encode()).kind is ReportKind.NONE


@pytest.mark.parametrize(
    "sender",
    [
        *("noreply", "No-Reply", "do_not_reply", "donotreply+7", "no-reply-support", "noreply.de"),
        *("nicht-antworten", "ne-pas-repondre", "no.responder", "naoresponda", "autoreply", "MAILER-DAEMON"),
    ],
)
def test_who_wants_no_answer_is_no_person(sender: str) -> None:
    raw = ANSWER.format("Re: offer", TO_ONE).replace("bob@example.net", f"{sender}@example.net")
    assert read_report(raw.encode()).kind is ReportKind.AUTO_REPLY
    ordinary = ANSWER.format("offer", "X-Nothing: 1").replace("bob@example.net", f"{sender}@example.net")
    assert read_report(ordinary.encode()).kind is ReportKind.NONE
    by_a_list = ANSWER.format("Re: offer", f"{TO_ONE}\nList-Id: <x.example.net>")
    assert read_report(by_a_list.replace("bob@", f"{sender}@").encode()).kind is ReportKind.NONE


@pytest.mark.parametrize(
    "fields",
    [
        "X-Autoreply: no",
        "X-Mailer: Autoreplay 3",
        "X-Automation: reply",
        "Precedence: first-class",
        "Reply-To: noreply@example.net",
    ],
)
def test_a_field_near_to_that_of_a_machines_answer_is_a_persons(fields: str) -> None:
    for sender in ("bob", "nora.reply", "noah.replyton", "antworten"):
        raw = ANSWER.format("Re: offer", f"{TO_ONE}\n{fields}").replace("bob@", f"{sender}@")
        assert read_report(raw.encode()).kind is ReportKind.REPLY


@pytest.mark.parametrize(
    ("program", "kind"),
    [
        ("User-Agent: Mozilla Thunderbird", ReportKind.REPLY),
        (
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 Thunderbird/102.1",
            ReportKind.REPLY,
        ),
        ("User-Agent: Mutt/2.2.13 (2024-03-09)", ReportKind.REPLY),
        ("X-Mailer: Microsoft Outlook 16.0", ReportKind.REPLY),
        ("X-Mailer: Apple Mail (2.3774.500)", ReportKind.REPLY),
        ("X-Mailer: The Bat! (v3.0)", ReportKind.REPLY),
        ("X-Mailer: Microsoft Outlook Express 6.00.2900", ReportKind.AUTO_REPLY),
        ("X-Mailer: Muttley 1", ReportKind.AUTO_REPLY),
        ("X-Mailer: PHP/8.2", ReportKind.AUTO_REPLY),
        ("User-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/102.0", ReportKind.AUTO_REPLY),
        ("X-Mailer: Microsoft Outlook 16.0\nAuto-Submitted: auto-generated", ReportKind.AUTO_REPLY),
    ],
)
def test_what_a_gateway_calls_bulk_is_a_persons_whose_program_says_so(program: str, kind: ReportKind) -> None:
    for field in ("Precedence: bulk", "X-Auto-Response-Suppress: OOF, AutoReply"):
        raw = ANSWER.format("Re: offer", f"{TO_ONE}\n{field}\n{program}")
        assert read_report(raw.encode()).kind is kind


@pytest.mark.parametrize("value", ["no", "No", " no (by hand)"])
def test_a_person_may_say_that_no_machine_answers(value: str) -> None:
    raw = ANSWER.format("Re: offer", f"{TO_ONE}\nAuto-Submitted: {value}").encode()
    assert read_report(raw).kind is ReportKind.REPLY


@pytest.mark.parametrize(
    "subject",
    [
        *("Re: Automatic reply: offer", "AW: Automatische Antwort: Angebot", "RE: Bob is out of the office"),
        *("Absence of evidence", "Abwesende Kollegen", "Auto kaufen", "Reply automatically?", "Autobahn"),
        *("Ausente no jantar", "Ooops", "Re: Automation", "Is Bob out of the office?"),
        *("Thank you for your e-mail", "Re: Vielen Dank für Ihre Nachricht"),
        *("Urlaub im März", "Ferie in montagna", "Vacaciones en marzo", "Re: Urlaub bis 15.03.", "Away team"),
        *("Autoreparatur: Rechnung", "Autoren für Band 3", "Autore del mese", "Autorennen am Montag"),
    ],
)
def test_a_subject_near_to_that_of_machines_is_a_persons(subject: str) -> None:
    assert read_report(ANSWER.format(subject, TO_ONE).encode()).kind is ReportKind.REPLY


@pytest.mark.parametrize(
    "subject",
    ["Re: Urlaub", "Re: away on vacation, and then?", "Re: automatic mails", "Aw: Abwesend am 3."],
)
def test_a_person_may_write_of_holidays(subject: str) -> None:
    assert read_report(ANSWER.format(subject, TO_ONE).encode()).kind is ReportKind.REPLY


def test_an_answer_by_a_person_names_the_mails_it_answers() -> None:
    report = read_report(ANSWER.format("Re: offer", TO_ONE).encode())
    assert report.kind is ReportKind.REPLY
    assert report.about.references == ("<1@example.org>", "<0@example.org>")


@pytest.mark.parametrize(
    "mail",
    [
        ANSWER.format("Undelivered mail", ""),
        ANSWER.format("Re: Mail delivery failed", TO_ONE),
        ANSWER.format("Re: list post", f"{TO_ONE}\nList-Id: <list.example.net>"),
        ANSWER.format("failure is not an option", ""),
    ],
)
def test_ordinary_mail_is_no_bounce(mail: str) -> None:
    assert read_report(mail.encode()).kind in (ReportKind.NONE, ReportKind.REPLY)


@pytest.mark.parametrize("message_id", ["<grüße@example.org>", "<1\u0085@example.org>", f"<{'a' * 700}@x>"])
def test_a_message_id_is_spelled_as_in_the_facts_of_the_mail_that_was_sent(message_id: str) -> None:
    sent = message_facts(f"Message-ID: {message_id}\n\n".encode()).message_id
    returned = read_report(
        dsn(group(final_recipient="rfc822; b@x", action="failed"), returned=f"Message-ID: {message_id}\n")
    )
    answered = read_report(
        f"From: bob@example.net\nSubject: Re: x\nIn-Reply-To: {message_id}\n\nHello\n".encode()
    )
    assert (returned.about.message_id, answered.about.message_id) == (sent, sent)
