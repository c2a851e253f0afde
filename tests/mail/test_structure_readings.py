"""Where mail programs read a message differently: each way is a defect, and what they agree on is none."""

import pytest

from backstamp.mail.defects import Defect
from backstamp.mail.structure import Part, StructureLimits, parse_structure

LIMITS = StructureLimits()
D = Defect


def read(raw: bytes) -> Part:
    return parse_structure(raw, LIMITS)


def of(*fields: bytes, body: bytes = b"x") -> Part:
    return read(b"".join(field + b"\n" for field in fields) + b"\n" + body)


@pytest.mark.parametrize(
    ("fields", "media_type", "defects"),
    [
        ([b"Content-Type: text/html"], "text/html", set()),
        ([b"Content-Type: TEXT/HTML;;"], "text/html", set()),
        ([b"Content-Type: text/html; charset=utf-8; "], "text/html", set()),
        ([b"Content-Type: text /html"], "text/html", {D.TYPE_IN_DOUBT}),
        ([b"Content-Type: text/ html"], "text/html", {D.TYPE_IN_DOUBT}),
        ([b"Content-Type: html"], "text/html", {D.TYPE_IN_DOUBT}),
        ([b'Content-Type: "text/html"'], "text/html", {D.TYPE_IN_DOUBT}),
        ([b"Content-Type: text/html, text/plain"], "text/html", {D.TYPE_IN_DOUBT}),
        ([b"Content-Type: text/html charset=utf-8"], "text/html", {D.TYPE_IN_DOUBT}),
        ([b"Content-Type: =?utf-8?q?text/html?="], "text/html", {D.TYPE_IN_DOUBT}),
        ([b"Content-Type: text/html\0; charset=utf-8"], "text/html", {D.TYPE_IN_DOUBT}),
        ([b"Content-Type: text/(x)html"], "text/html", {D.TYPE_IN_DOUBT}),
        ([b"Content-Type: text/html (x)"], "text/html", set()),
        ([b"Content-Type: ;text/html; charset=utf-8"], "text/html", {D.TYPE_IN_DOUBT}),
        ([b"Content-Type: ; ;text/html"], "text/html", {D.TYPE_IN_DOUBT}),
        (
            [b'Content-Type: ;multipart/mixed boundary="b"'],
            "multipart/mixed",
            {D.TYPE_IN_DOUBT, D.ODDLY_SPELLED, D.NO_BOUNDARY},
        ),
        ([b"Content-Type: ;name=text/html"], "text/plain", set()),
        ([b"Content-Type:"], "text/plain", set()),
        ([b"Content-Type: text"], "text/plain", set()),
        ([b"Content-Type: ???"], "text/plain", {D.TYPE_IN_DOUBT}),
        ([b"Content-Type: text/plain", b"Content-Type: text/html"], "text/html", {D.TYPE_IN_DOUBT}),
        ([b"Content-Type: text/html", b"Content-Type: text/plain"], "text/html", {D.TYPE_IN_DOUBT}),
        ([b"Content-Type: text/html", b"CONTENT-TYPE: Text/HTML ;"], "text/html", set()),
        ([b"Content-Type: text/html", b"Content-Type: image/gif"], "text/html", {D.CONTRADICTING_FIELDS}),
        (
            [b"Content-Type: text/html; charset=utf-8", b"Content-Type: text/html"],
            "text/html",
            {D.CONTRADICTING_FIELDS},
        ),
        ([b"Content-Type: text/html; charset=a; charset=b"], "text/html", {D.CONTRADICTING_FIELDS}),
        ([b"Content-Type: text/html; charset=a; charset=a"], "text/html", set()),
        ([b"Content-Type: text/html; boundary=a; boundary=b"], "text/html", set()),
        (
            [b"Content-Transfer-Encoding: 7bit", b"Content-Transfer-Encoding: base64"],
            "text/plain",
            {D.CONTRADICTING_FIELDS},
        ),
        (
            [b"Content-Transfer-Encoding: BASE64", b"Content-Transfer-Encoding: base64 (x)"],
            "text/plain",
            set(),
        ),
    ],
)
def test_content_fields(fields: list[bytes], media_type: str, defects: set[Defect]) -> None:
    part = of(*fields)
    assert (part.media_type, set(part.defects)) == (media_type, defects)


@pytest.mark.parametrize(
    ("charset", "label", "doubtful"),
    [
        (b"charset=utf-8 (x)", "utf-8", False),
        (b'charset="utf-8', "utf-8", False),
        (b"charset*=us-ascii''utf-8", "utf-8", False),
        (b"charset*=us-ascii''utf%2D7", "utf-7", False),
        (b'charset=utf-8; name="; charset=utf-7"', "utf-8", True),
        (b"charset=utf-8 (; charset=utf-7)", "utf-8", True),
        (b"charset=utf-8 utf-7", "utf-8", True),
        (b'charset="utf-8"utf-7', "utf-8", True),
        (b'charset="utf-8; x=utf-7', "utf-8; x=utf-7", True),
        (b"x=y charset=utf-7", "", True),
        (b"charset*0=utf; charset*1=-16", "utf-16", False),
        (b'charset="=?us-ascii?q?utf-7?="', "=?us-ascii?q?utf-7?=", True),
        (b"charset==?utf-8?b?dXRmLTc=?=", "=?utf-8?b?dxrmltc=?=", True),
        (b'charset="=?us-ascii?q?utf-8?="', "=?us-ascii?q?utf-8?=", False),
        (b'charset=utf-8; name="=?utf-8?q?utf-7?="', "utf-8", False),
        (b"charset\xa0=utf-7", "", True),
        (b"charset\xa0=utf-8", "", False),
        (b"; ".join(b"a%d=b" % at for at in range(64)) + b"; charset=utf-7", "", True),
    ],
)
def test_a_charset_is_in_doubt_only_where_one_that_hides_links_may_be_read(
    charset: bytes, label: str, doubtful: bool
) -> None:
    part = of(b"Content-Type: text/html; " + charset)
    assert part.charset_label == label
    assert part.defects == ({D.ODDLY_SPELLED} if doubtful else set())


@pytest.mark.parametrize(
    ("encoding", "cte", "doubtful"),
    [
        (b"quoted-printable", "quoted-printable", False),
        (b" Quoted-Printable\t", "quoted-printable", False),
        (b"quoted-printable (x)", "quoted-printable", True),
        (b"(x)quoted-printable", "quoted-printable", True),
        (b"quoted-printable;", "quoted-printable", True),
        (b"7bit (quoted-printable)", "7bit", False),
        (b"base64 (x)", "base64", False),
        (b"base64;", "base64", False),
    ],
)
def test_an_encoding_is_in_doubt_where_who_knows_no_comments_sees_other_markup(
    encoding: bytes, cte: str, doubtful: bool
) -> None:
    part = of(b"Content-Type: text/html\nContent-Transfer-Encoding: " + encoding)
    assert part.cte == cte
    assert part.defects == ({D.ODDLY_SPELLED} if doubtful else set())


@pytest.mark.parametrize(
    ("parameter", "boundary", "defects"),
    [
        (b"boundary=abc", b"abc", set()),
        (b'boundary="a b\'()+_,-./:=?c"', b"a b'()+_,-./:=?c", set()),
        (b"boundary=" + b"x" * 200, b"x" * 200, set()),
        (b"boundary=gr\xfc\xdfe", b"gr\xfc\xdfe", set()),
        (b"boundary='abc'", b"'abc'", set()),
        (b"boundary=abc (x)", b"abc", set()),
        (b"boundary=abc(x)", b"abc", {D.ODDLY_SPELLED}),
        (b'boundary="a\\"b"', b'a"b', {D.ODDLY_SPELLED}),
        (b'boundary="abc" x', b"abc", {D.ODDLY_SPELLED}),
        (b"boundary=abc x", b"abc", {D.ODDLY_SPELLED}),
        (b'boundary="a b', b"a b", {D.ODDLY_SPELLED}),
        (b'boundary="abc', b"abc", set()),
        (b"boundary*0=ab; boundary*1=c", b"abc", {D.ODDLY_SPELLED}),
        (b"boundary*=utf-8''ab%63", b"abc", {D.ODDLY_SPELLED}),
        (b'boundary="abc "', b"abc", {D.UNSURE_DELIMITERS}),
        (b"boundary=abc; boundary=def", b"abc", {D.CONTRADICTING_FIELDS}),
        (b"boundary=abc; boundary*=utf-8''def", b"abc", {D.CONTRADICTING_FIELDS, D.ODDLY_SPELLED}),
        (b'x="; boundary=def"; boundary=abc', b"abc", {D.ODDLY_SPELLED}),
        (b"(boundary=def) boundary=abc", b"abc", {D.ODDLY_SPELLED}),
        (b'boundary="=?us-ascii?q?abc?="', b"=?us-ascii?q?abc?=", {D.ODDLY_SPELLED}),
        (b'boundary="=_?abc?="', b"=_?abc?=", set()),
        (b"x=y boundary=abc", b"", {D.ODDLY_SPELLED, D.NO_BOUNDARY}),
    ],
)
def test_boundaries(parameter: bytes, boundary: bytes, defects: set[Defect]) -> None:
    raw = b"--" + boundary + b"\n\nx\n--" + boundary + b"--\n"
    part = of(b"Content-Type: multipart/mixed; " + parameter, body=raw)
    assert (part.boundary, set(part.defects)) == (boundary, defects)
    assert len(part.children) == (D.NO_BOUNDARY not in defects)


MIXED = b"Content-Type: multipart/mixed; boundary=b\n"


@pytest.mark.parametrize(
    ("body", "parts", "defects"),
    [
        (b"--b\n\none\n--b--\n", 1, set()),
        (b"--b\n\none", 1, {D.NOT_CLOSED}),
        (b"--b--\n--b\n\none\n--b--\n", 0, {D.NO_PARTS}),
        (b"--b--\n", 0, {D.NO_PARTS}),
        (b"nothing\n", 0, {D.NO_PARTS}),
        (b"--b\n\none\n--b--\n--b\n\ntwo\n--b--\n", 1, {D.PARTS_AFTER_END}),
        (b"--b\n\none\n--b--\ntext\n\n", 1, set()),
        (b"--b\n\none\n--b--\nhttp://x.example\n", 1, {D.LINKS_OUTSIDE_PARTS}),
        (b"see www.x.example\n--b\n\none\n--b--\n", 1, {D.LINKS_OUTSIDE_PARTS}),
        (b"<a HREF=x>\n--b\n\none\n--b--\n", 1, {D.LINKS_OUTSIDE_PARTS}),
        (b"--b\n\none\n--bb\n\ntwo\n--b--\n", 1, {D.UNSURE_DELIMITERS}),
        (b"--b\n\none\n--b x\n--b--\n", 1, {D.UNSURE_DELIMITERS}),
        (b"--b\n\none\n--b--x\n", 1, {D.UNSURE_DELIMITERS, D.NOT_CLOSED}),
        (b"--b\n\none\n--b\0\n--b--\n", 1, {D.UNSURE_DELIMITERS}),
        (b"--b\n\none\n --bx\n-b\nx--b y\n--b--\n", 1, set()),
        (b"--b\n\none\n--b--\nabc --b\n", 1, {D.UNSURE_DELIMITERS}),
        (b"x --b\n\none\n--b\n\ntwo\n--b--\n", 1, {D.UNSURE_DELIMITERS}),
        (b"--b\n\none\n---b--\n\ntwo\n--b--\n", 1, {D.UNSURE_DELIMITERS}),
        (b"--b \t\n\none\n--b--\t \n", 1, set()),
        (b"--b\n\none\r--b\r\ntwo\n--b--\n", 2, {D.BARE_CR}),
        (b"--b\n\none\n--b\r\rtwo\n--b--\n", 2, {D.BARE_CR}),
        (b"--b\n\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", 2, set()),
        (
            b"--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\none\n--bb\n\ntwo\n--bb--\n--b--\n",
            1,
            set(),
        ),
        (
            b"--b\n\n--bb\n\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\none\n--bb--\n--b--\n",
            2,
            {D.UNSURE_DELIMITERS},
        ),
    ],
)
def test_divisions(body: bytes, parts: int, defects: set[Defect]) -> None:
    part = read(MIXED + b"\n" + body)
    assert (len(part.children), set(part.defects)) == (parts, defects)


def test_with_cr_alone_in_the_whole_message_it_is_a_line_end_to_everybody() -> None:
    part = read((MIXED + b"\n--b\n\none\n--b--\n").replace(b"\n", b"\r"))
    assert (len(part.children), set(part.defects)) == (1, set())


def test_an_encoded_container_is_read_as_it_stands_and_named() -> None:
    part = of(MIXED.strip(), b"Content-Transfer-Encoding: quoted-printable", body=b"--b\n\nx\n--b--\n")
    assert (len(part.children), set(part.defects)) == (1, {D.ENCODED_MULTIPART})


@pytest.mark.parametrize("order", [(b"a", b"ab"), (b"ab", b"a")])
def test_a_boundary_that_is_the_beginning_of_another_leads_nobody_astray(order: tuple[bytes, bytes]) -> None:
    outer, inner = order
    raw = (
        b"Content-Type: multipart/mixed; boundary=%b\n\n--%b\nContent-Type: multipart/mixed; boundary=%b\n\n"
        b"--%b\n\none\n--%b--\n--%b\n\ntwo\n--%b--\n"
    ) % (outer, outer, inner, inner, inner, outer, outer)
    part = read(raw)
    assert part.defects == set()
    assert [len(child.children) for child in part.children] == [1, 0]


def test_the_same_boundary_within_itself_belongs_to_the_outer_multipart() -> None:
    raw = MIXED + b"\n--b\n" + MIXED + b"\n--b\n\none\n--b--\n--b--\n"
    part = read(raw)
    assert [set(child.defects) for child in part.children] == [{D.NO_PARTS}, set()]
    assert D.PARTS_AFTER_END in part.defects


@pytest.mark.parametrize(
    ("raw", "media_type", "defects"),
    [
        (b"A: b\nno field\nContent-Type: text/html\n\nx", "text/plain", {D.HEADER_IN_DOUBT}),
        (b"Content-Type: text/html\nno field\nA: b\n\nx", "text/html", set()),
        (b"Content-Type: text/html\nno field <!--\nA: b\n\nx", "text/html", {D.HEADER_BROKEN_OFF}),
        (b"Content-Transfer-Encoding: base64\nabcd\nA: b\n\nx", "text/plain", {D.HEADER_IN_DOUBT}),
        (MIXED + b"--b\n\nx\n--b--\n", "multipart/mixed", {D.HEADER_BROKEN_OFF}),
        (MIXED + b"--b\nContent-Type: text/html\n\nx\n--b--\n", "multipart/mixed", {D.HEADER_IN_DOUBT}),
        (b" folded first\nContent-Type: text/html\n\nx", "text/plain", {D.HEADER_IN_DOUBT}),
        (b"From a\nContent-Type: text/html\n\nx", "text/html", set()),
        (b">From a\nContent-Type: text/html\n\nx", "text/plain", {D.HEADER_IN_DOUBT}),
        (b">From a\nA: b\n\nx", "text/plain", set()),
        (b"A: b\n  \n\t\n c\nContent-Type: text/html\n\nx", "text/html", {D.HEADER_BROKEN_OFF}),
        (b"A: b\r\n \r\nContent-Transfer-Encoding: base64\r\n\r\nx", "text/plain", {D.HEADER_BROKEN_OFF}),
        (b"Content-Type: text/html\n \nA: http://x.example\n\nx", "text/html", {D.HEADER_BROKEN_OFF}),
        (b"Content-Type: text/html\n \nA: b\n\t\n c\n\nx", "text/html", set()),
        (b"Content-Type: text/html\n \nFrom: A <a@x.example>\n\nx", "text/html", {D.HEADER_BROKEN_OFF}),
        (b"Subject: a\n \nFrom: A <a@x.example>\n\nx", "text/plain", set()),
        (b"Subject: a\nno field <a@x.example>\nA: b\n\nx", "text/plain", set()),
        (b"Content-Type: text/html\r\n \r\n\r\nx", "text/html", set()),
        (b"A\0: b\nContent-Type: text/html\n\nx", "text/plain", {D.HEADER_IN_DOUBT}),
        (b"A: \0b\nContent-Type: text/html\n\nx", "text/html", set()),
        (b"Gr\xfc\xdfe: b\nContent-Type: text/html\n\nx", "text/plain", {D.HEADER_IN_DOUBT}),
        (b"Content-Type : text/html\n\nx", "text/html", {D.HEADER_IN_DOUBT}),
        (b"Content-Transfer-Encoding\0: base64\n\nx", "text/plain", {D.HEADER_IN_DOUBT}),
        (b"A: b\nCont\0ent-Type: text/html\n\nx", "text/plain", {D.HEADER_IN_DOUBT}),
        (b"A: b\n\0Content-Type: text/html\n\nx", "text/plain", {D.HEADER_IN_DOUBT}),
        (b"A: b\nContent-Type\v\f: text/html\n\nx", "text/plain", {D.HEADER_IN_DOUBT}),
        (b"A: b\nContent-Type\n : text/html\n\nx", "text/plain", {D.HEADER_IN_DOUBT}),
        (b"A: b\r\nContent-Type \r\n\t\r\n : text/html\r\n\r\nx", "text/plain", {D.HEADER_IN_DOUBT}),
        (b"Content-Type: text/html\nA : b\n\nx", "text/html", set()),
        (b"Content-Type: text/html\nA : http://x.example\n\nx", "text/html", {D.HEADER_BROKEN_OFF}),
        (b"A: b\rContent-Type: text/html\n\nx", "text/html", {D.HEADER_IN_DOUBT}),
        (b"Content-Type: text/html\nA: b\rc: d\n\nx", "text/html", set()),
        (b"Content-Type: text/html\r\r\nA: b\r\r\n\r\r\nx", "text/html", set()),
        (b"A: b\r\r\nContent-Type: text/html\r\r\n\r\r\nx", "text/plain", {D.HEADER_IN_DOUBT}),
        (b"A: b\n\rContent-Type: text/html\n\nx", "text/plain", {D.HEADER_IN_DOUBT}),
        (b"", "text/plain", set()),
        (b"A: b", "text/plain", set()),
        (b"Content-Type: text/html\n", "text/html", set()),
        (b"\n", "text/plain", set()),
    ],
)
def test_header_sections(raw: bytes, media_type: str, defects: set[Defect]) -> None:
    part = read(raw)
    assert (part.media_type, set(part.defects)) == (media_type, defects)


def test_a_part_without_a_header_and_without_an_empty_line_is_all_body() -> None:
    raw = MIXED + b"\n--b\nhello world\n--b\n\n\n--b--\n"
    first, second = read(raw).children
    assert raw[first.body_start : first.end] == b"hello world"
    assert raw[second.body_start : second.end] == b""
    assert first.defects == second.defects == frozenset()


@pytest.mark.parametrize(
    ("between", "defects"),
    [(b"", set()), (b"A: b", {D.BARE_CR}), (b"Content-Type: text/html", {D.BARE_CR})],
)
def test_where_a_message_begins_elsewhere_to_some_programs_it_is_another_one(
    between: bytes, defects: set[Defect]
) -> None:
    raw = b"Content-Type: message/rfc822\r\nA: b\r\r" + between + b"\r\n\r\n<p>x"
    assert read(raw).defects == defects


def test_fields_below_an_empty_line_are_fields_to_some_programs() -> None:
    raw = MIXED + b"\n--b\n\nContent-Type: text/html\n\nx\n--b\n\nA: b\n\nx\n--b--\n"
    assert [child.defects for child in read(raw).children] == [{D.TYPE_IN_DOUBT}, set()]
    stray = read(b"\nwww.a.example\nContent-Type: text/html\n\nx")
    assert stray.defects == {D.TYPE_IN_DOUBT}
    report = read(b"Content-Type: message/delivery-status\n\n\nContent-Type: text/html\n\nx")
    assert report.defects == {D.TYPE_IN_DOUBT}


@pytest.mark.parametrize(
    ("fields", "disposition", "filename"),
    [
        ([b"Content-Disposition: attachment; filename=a.html"], "attachment", "a.html"),
        ([b"Content-Disposition: ATTACHMENT filename=a.html"], "attachment", ""),
        ([b"Content-Disposition: attachment; filename*=utf-8''%c3%bc.html"], "attachment", "ü.html"),
        ([b"Content-Disposition: attachment", b"Content-Type: a/b; name=c"], "attachment", "c"),
        ([b"Content-Disposition: attachment", b"Content-Disposition: inline"], "inline", ""),
        ([b"Content-Disposition: inline", b"Content-Disposition: attachment"], "inline", ""),
        ([b"Content-Disposition:"], "", ""),
    ],
)
def test_of_two_dispositions_the_one_that_shows_the_part_counts(
    fields: list[bytes], disposition: str, filename: str
) -> None:
    part = of(*fields)
    assert (part.disposition, part.filename) == (disposition, filename)


@pytest.mark.parametrize(
    ("inner", "defects"),
    [
        (b"Subject: x\n\ntext", set()),
        (b"Subject: http://x.example\n\ntext", {D.TYPE_IN_DOUBT}),
        (b"Content-Type: text/html\n\ntext", {D.TYPE_IN_DOUBT}),
        (b"Content-Transfer-Encoding: quoted-printable\n\ntext", {D.TYPE_IN_DOUBT}),
    ],
)
def test_a_program_that_knows_no_digests_shows_their_messages_as_text(
    inner: bytes, defects: set[Defect]
) -> None:
    raw = b"Content-Type: multipart/digest; boundary=b\n\n--b\n\n" + inner + b"\n--b--\n"
    (message,) = read(raw).children
    assert (message.media_type, set(message.defects)) == ("message/rfc822", defects)
    explicit = raw.replace(b"--b\n\n", b"--b\nContent-Type: message/rfc822\n\n")
    assert read(explicit).children[0].defects == set()


@pytest.mark.parametrize("media_type", ["text/plain", "text/html", "application/pdf", "message/rfc822"])
def test_what_is_no_multipart_and_holds_delimiters_may_be_divided_all_the_same(media_type: str) -> None:
    field = f"Content-Type: {media_type}; boundary=b".encode()
    assert of(field, body=b"--b\nContent-Type: text/html\n\ntext\n--b--\n").defects == {D.TYPE_IN_DOUBT}
    assert of(field, body=b"Subject: x\n\n-b --a\n").defects == set()


def test_any_kind_of_message_may_be_taken_for_a_whole_one() -> None:
    field = b"Content-Type: message/delivery-status"
    status = b"Reporting-MTA: dns; x.example\n\nAction: failed\n"
    assert of(field, body=status).defects == set()
    encoded = b"Content-Transfer-Encoding: base64\n\naHR0cHM6Ly94LmV4YW1wbGUv\n"
    assert of(field, body=encoded).defects == {D.TYPE_IN_DOUBT}


@pytest.mark.parametrize("media_type", ["message/rfc822", "message/global", "message/news"])
def test_a_message_is_looked_into_unless_it_is_encoded_or_its_header_broke_off(media_type: str) -> None:
    field = b"Content-Type: " + media_type.encode()
    assert len(of(field, body=b"Subject: x\n\ny").children) == 1
    assert of(field, b"Content-Transfer-Encoding: base64", body=b"YQ==").children == ()
    assert read(field + b"\nno field\nSubject: x\n\ny").children == ()
