"""What a message says of itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.mail.facts import MessageFacts, envelope_digest, message_facts

HEADER = (
    b"Received: from a by b\r\nReceived: from c by d\r\n"
    b"From: =?utf-8?q?J=C3=BCrgen?= <Juergen@Example.COM>\r\nMessage-ID: <1@example.com>\r\n"
    b"Date: Mon, 02 Jun 2025 08:00:00 +0000\r\n"
    b"Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n =?iso-8859-1?q?_und_mehr?=\r\n"
    b"List-Unsubscribe: <mailto:u@example.com>,\r\n <https://example.com/u>\r\n"
)


def test_a_message_is_identified_by_message_id_or_date() -> None:
    for header, identified in (
        (b"Message-ID: <1@a>", 1),
        (b"date: Mon, 1 Jan 2024 0:0:0 +0", 1),
        (b"Subject: x", 0),
    ):
        assert message_facts(b"From: a@b\r\n" + header + b"\r\n\r\nDate: body").is_identified == bool(
            identified
        )


@pytest.mark.parametrize(
    ("header", "lacks"),
    [
        (b"From: a@b\r\n\r\n", True),
        (b"From: a@b\r\n", True),
        (b"From: a@b\r\nMESSAGE-ID: <1@a>\r\n\r\n", False),
        (b"From: a@b\r\nMessage-ID:\r\n\r\n", False),
        (b"From: a@b\r\nno field\r\nMessage-ID: <1@a>\r\n\r\n", False),
        (b"From: a@b\r\n" + b"X: %b\r\n" % (b"x" * 900) * 300 + b"Message-ID: <1@a>\r\n\r\n", False),
        (b"\r\nwords", False),
        (b"", False),
        (b"From: a@b\r\nDKIM-Signature: v=1; h=From:\r\n\tMESSAGE-ID :Date; b=x\r\n\r\n", False),
        (b"From: a@b\r\nDKIM-Signature: h=message-id\r\n\r\n", False),
        (b"From: a@b\r\nDKIM-Signature: v=1; h=From:X-Message-ID:Message-ID-2; b=x\r\n\r\n", True),
        (b"From: a@b\r\nDKIM-Signature: v=1; h=From; z=message-id:x\r\n\r\n", True),
    ],
    ids=[
        *("none", "no body", "one", "empty", "torn", "behind the limit", "no header", "nothing"),
        *("signed as absent", "alone signed as absent", "others signed", "named elsewhere"),
    ],
)
def test_a_message_id_is_missed_only_where_the_whole_header_was_seen(header: bytes, lacks: bool) -> None:
    assert message_facts(header).lacks_message_id is lacks


def test_the_facts_are_decoded() -> None:
    assert message_facts(HEADER + b"\r\nbody") == MessageFacts(
        message_id="<1@example.com>",
        subject="Grüße und mehr",
        sender="Juergen@Example.COM",
        sender_domain="example.com",
        is_automatic=False,
        list_unsubscribe=("mailto:u@example.com", "https://example.com/u"),
        received_count=2,
        is_identified=True,
    )


@pytest.mark.parametrize(
    ("header", "automatic"),
    [
        (b"Auto-Submitted: auto-replied", True),
        (b"Auto-Submitted: no", False),
        (b"Precedence: bulk", True),
        (b"X-Autoreply: yes", True),
        (b"Content-Type: multipart/report; report-type=delivery-status", True),
        (b"Subject: Auto-Submitted", False),
    ],
)
def test_automatic_mail_is_recognised(header: bytes, automatic: bool) -> None:
    assert message_facts(header + b"\r\n\r\n").is_automatic is automatic


@pytest.mark.parametrize(
    ("value", "sender"),
    [
        (b"a@b.example", "a@b.example"),
        (b'"A, B" <a@b.example>', "a@b.example"),
        (b"A B <a@b.example>, c@d.example", "a@b.example"),
        (b"undisclosed", ""),
        (b"<>", ""),
        ("Jürgen <jürgen@bücher.example>".encode(), "jürgen@bücher.example"),
    ],
)
def test_the_sender_is_the_address_of_from(value: bytes, sender: str) -> None:
    assert message_facts(b"From: " + value + b"\r\n\r\n").sender == sender


@pytest.mark.parametrize(
    "subject",
    [
        b"=?utf-7?q?+2AA-?= \xff",
        b"=?utf-8?q?broken",
        b"=?nobody?b?!!!?=",
        b"=?utf-8?b?a?=",
        b"raw \xff \xc3\xbc",
        b"a\x00b\x1b[31m",
        b"x" * 9000,
    ],
)
def test_a_hostile_subject_is_one_printable_line(subject: bytes) -> None:
    found = message_facts(b"Subject: " + subject + b"\r\n\r\n").subject
    assert len(found) <= 500
    assert found == " ".join(found.split())
    assert found.isprintable()


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_facts_never_fail(raw: bytes) -> None:
    for candidate in (
        raw,
        b"From: " + raw + b"\nSubject: " + raw + b"\nDate: " + raw + b"\nList-Unsubscribe: <" + raw,
    ):
        assert isinstance(message_facts(candidate), MessageFacts)
        assert len(envelope_digest(candidate)) == 16


def test_the_digest_stays_when_an_mta_adds_trace_fields() -> None:
    raw = HEADER + b"\r\nbody\r\n"
    assert envelope_digest(b"Received: from x by y; now\r\n\tmore\r\n" + raw) == envelope_digest(raw)
    assert envelope_digest(b"X-Spam: no\r\n" + raw) == envelope_digest(raw)


@pytest.mark.parametrize("field", [b"Subject: other", b"Content-Type: text/html"])
def test_the_digest_tells_messages_apart_that_a_reader_would(field: bytes) -> None:
    assert envelope_digest(field + b"\r\n" + HEADER + b"\r\nbody\r\n") != envelope_digest(
        HEADER + b"\r\nbody\r\n"
    )


@pytest.mark.parametrize(
    ("old", "new"), [(b"<1@", b"<2@"), (b"08:00", b"08:01"), (b"Juergen@", b"Other@"), (b"body", b"Body")]
)
def test_the_digest_differs_for_another_message(old: bytes, new: bytes) -> None:
    raw = HEADER + b"\r\nbody\r\n"
    assert old in raw
    assert envelope_digest(raw.replace(old, new)) != envelope_digest(raw)


def test_comments_within_comments_in_from_are_no_fault() -> None:
    nested = b"From: " + b"(" * 450 + b" <ann@example.org>\r\n\r\nhi\r\n"
    assert message_facts(nested).sender == "ann@example.org"
    assert message_facts(b"From: " + b"(" * 20_000 + b"\r\n\r\nhi\r\n").sender == ""


def test_hops_are_counted_in_the_header_only() -> None:
    def hops(raw: bytes) -> int:
        return message_facts(raw).received_count

    assert hops(b"Received: a\r\nRECEIVED : b\r\nX: Received: c\r\n\r\nReceived: d\r\n") == 2
    assert hops(b"") == 0
    assert hops(b"Received: a\r\n\tReceived: folded\r\n") == 1
    assert hops(b"\r\nReceived: in the body\r\n") == 0
