"""The part tree of messages, ordinary and odd."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.mail.defects import Defect
from backstamp.mail.multipart import TooManyPartsError
from backstamp.mail.parameters import parse_parameterised
from backstamp.mail.structure import Part, StructureLimits, parse_structure

LIMITS = StructureLimits()


def tree(part: Part) -> object:
    return [part.media_type, *map(tree, part.children)] if part.children else part.media_type


def body(raw: bytes, part: Part) -> bytes:
    return raw[part.body_start : part.end]


def test_a_message_without_any_header_is_plain_text() -> None:
    root = parse_structure(b"\r\nhello", LIMITS)
    assert (root.path, root.media_type, root.children) == ("1", "text/plain", ())
    assert body(b"\r\nhello", root) == b"hello"


@pytest.mark.parametrize("newline", [b"\r\n", b"\n", b"\r"])
def test_parts_are_found_with_every_line_end(newline: bytes) -> None:
    raw = (
        b"Content-Type: multipart/mixed;\n\tboundary=b\n\npreamble\n--b\nContent-Type: text/html\n\n"
        b"<p>\n\n--b\n\nplain\n--b--\nepilogue\n"
    ).replace(b"\n", newline)
    root = parse_structure(raw, LIMITS)
    assert [body(raw, part) for part in root.children] == [b"<p>" + newline, b"plain"]
    assert [part.path for part in root.children] == ["1.1", "1.2"]
    assert root.defects == frozenset()


def test_a_boundary_that_begins_like_another_is_not_taken_for_it() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n"
        b"Content-Type: multipart/alternative; boundary=b-inner\n\n"
        b"--b-inner\n\none\n--b-inner\n\ntwo\n--b-inner--\n--b\n\nthree\n--b--\n"
    )
    root = parse_structure(raw, LIMITS)
    assert tree(root) == [
        "multipart/mixed",
        ["multipart/alternative", "text/plain", "text/plain"],
        "text/plain",
    ]


def test_a_missing_end_ends_with_the_outer_part() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=o\n\n--o\n"
        b"Content-Type: multipart/mixed; boundary=i\n\n--i\n\none\n--o\n\ntwo\n--o--\n"
    )
    root = parse_structure(raw, LIMITS)
    inner, second = root.children
    assert inner.defects == {Defect.NOT_CLOSED}
    assert body(raw, inner.children[0]) == b"one"
    assert body(raw, second) == b"two"


def test_blanks_after_a_boundary_are_allowed_and_text_is_not() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b \t\n\none\n--bx\n--b y\n--b--  \n"
    (only,) = parse_structure(raw, LIMITS).children
    assert body(raw, only) == b"one\n--bx\n--b y"


def test_an_empty_part_has_an_empty_body() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\n--b--\n"
    assert [body(raw, part) for part in parse_structure(raw, LIMITS).children] == [b"", b""]


def test_a_digest_holds_messages() -> None:
    raw = b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\ninner\n--b--\n"
    root = parse_structure(raw, LIMITS)
    assert tree(root) == ["multipart/digest", ["message/rfc822", "text/plain"]]
    (message,) = root.children
    assert (message.children[0].path, body(raw, message.children[0])) == ("1.1.1", b"inner")


def test_all_text_of_a_digests_part_that_is_no_message_stays() -> None:
    """No field begins with a blank (RFC 5322 §2.2), so it is text; Python's email drops that line."""
    raw = b"Content-Type: multipart/digest; boundary=b\n\n--b\n\n\t \n.\n--b--\n"
    (message,) = parse_structure(raw, LIMITS).children
    assert body(raw, message.children[0]) == b"\t \n."


def test_a_link_where_a_digests_message_has_its_header_is_a_doubt() -> None:
    """A program that knows of no digests shows it as text."""
    raw = b"Content-Type: multipart/digest; boundary=b\n\n--b\n\n(https://a.example/)?=\n--b--\n"
    (message,) = parse_structure(raw, LIMITS).children
    assert message.defects == {Defect.TYPE_IN_DOUBT}


def test_an_mbox_line_before_the_header_is_passed_over() -> None:
    root = parse_structure(b"From a@b Mon Jan 1\nContent-Type: text/html\n\nx", LIMITS)
    assert root.media_type == "text/html"


def test_contradicting_fields_are_a_defect_and_repeated_ones_are_not() -> None:
    twice = b"Content-Type: text/html\nContent-Type: text/html\n\n"
    differing = b"Content-Type: text/html\nContent-Type: text/plain\n\n"
    assert parse_structure(twice, LIMITS).defects == frozenset()
    assert parse_structure(differing, LIMITS).defects == {Defect.TYPE_IN_DOUBT}


def test_more_parts_than_allowed_raise() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 20
    with pytest.raises(TooManyPartsError):
        parse_structure(raw, StructureLimits(parts=10))


@pytest.mark.parametrize(
    ("text", "value", "parameters"),
    [
        ("text/html", "text/html", {}),
        ("TEXT/HTML ; Charset = UTF-8", "text/html", {"charset": "UTF-8"}),
        (
            'multipart/mixed; boundary="a \\"b\\" (c)"; x=y',
            "multipart/mixed",
            {"boundary": 'a "b" (c)', "x": "y"},
        ),
        ("text/plain (a (nested) comment); charset=(x)utf-8", "text/plain", {"charset": "utf-8"}),
        ("text/plain; charset*0=iso-; charset*1=8859-1", "text/plain", {"charset": "iso-8859-1"}),
        ("text/plain; charset*=us-ascii''utf%2D8", "text/plain", {"charset": "utf-8"}),
        ("a/b; name*0*=utf-8''%e2%82; name*1*=%ac", "a/b", {"name": "€"}),
        ("a/b; ;; = ; x", "a/b", {}),
        ('a/b; boundary="unterminated', "a/b", {"boundary": "unterminated"}),
        ("", "", {}),
    ],
)
def test_parameters_are_read_as_the_standards_say(text: str, value: str, parameters: dict[str, str]) -> None:
    parsed = parse_parameterised(text)
    assert (parsed.value, parsed.parameters) == (value, parameters)


def test_a_parameter_given_twice_is_named() -> None:
    assert parse_parameterised("a/b; charset=x; charset=y").repeated == {"charset"}


MIME_ALPHABET = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"--b",
        b"--b--",
        b"--",
        b"Content-Type: multipart/mixed; boundary=b",
        b" ",
        b"\t",
        b"Content-Type: message/rfc822",
        b"Content-Transfer-Encoding: base64",
        b"x",
        b":",
        b'"',
        b"\xff",
        b"\x00",
        b"(",
        b";",
    ]
)


@given(st.lists(MIME_ALPHABET, max_size=40).map(b"".join))
@settings(max_examples=300, deadline=None)
def test_spans_nest_and_follow_each_other_for_any_bytes(raw: bytes) -> None:
    try:
        root = parse_structure(raw, StructureLimits(depth=5))
    except TooManyPartsError:
        return
    assert root.end == len(raw)
    check_spans(root)


def check_spans(part: Part) -> None:
    assert 0 <= part.header.start <= part.header.end <= part.body_start <= part.end
    position = part.body_start
    for child in part.children:
        assert position <= child.header.start <= child.end <= part.end
        check_spans(child)
        position = child.end
