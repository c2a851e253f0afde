"""Messages made to harm: each costs little, is left alone with a reason, or is rewritten rightly."""

from collections.abc import Callable

import pytest

from backstamp.rewriting import Direction, Limits, Options, SkipReason, plan, unwrap
from tests.mail.test_linear import check_linear
from tests.rewriting.fuzz.invariants import Way, message_holds
from tests.rewriting.messages import message, multipart, part
from tests.rewriting.sealers import FixedSealer

INBOUND = Options(direction=Direction.INBOUND, opens=False)


def reasons(raw: bytes, options: Options = INBOUND) -> set[SkipReason | None]:
    manifest = plan(raw, options).manifest
    return {manifest.skip_reason, *(each.skip_reason for each in manifest.parts)} - {None}


def test_formatting_elements_piled_up_are_too_costly() -> None:
    bomb = "".join(f"<b a={number}>" for number in range(700)) + "<p>x" * 3000
    assert reasons(message(bomb)) == {SkipReason.TOO_COSTLY}


def test_many_ordinary_tags_are_not_too_costly() -> None:
    html = "<p><b>x</b> <a href='https://example.com/'>y</a></p>" * 3000
    assert len(plan(message(html), INBOUND).links) == 3000


def test_elements_nested_without_end_are_read() -> None:
    planned = plan(message("<div>" * 50_000 + "<a href='https://example.com/'>x"), INBOUND)
    assert len(planned.links) == 1


def test_multiparts_nested_without_end_are_given_up() -> None:
    raw = b""
    for depth in range(200):
        raw += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (depth, depth)
    assert SkipReason.TOO_DEEP in reasons(raw + b"\r\nhttps://example.com/")


def test_too_many_parts_are_given_up() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 2000 + b"--b--"
    manifest = plan(raw, INBOUND).manifest
    assert manifest.skip_reason is SkipReason.TOO_MANY_PARTS
    assert manifest.unprotected == (SkipReason.TOO_MANY_PARTS,)


def test_an_endless_header_is_given_up() -> None:
    assert plan(b"A: " + b"x" * 300_000, INBOUND).manifest.skip_reason is SkipReason.HEADER_TOO_BIG


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("step", ["parse_structure", "walk", "plan_part"])
def test_a_fault_of_ours_leaves_the_message_as_it_is_and_is_named(
    monkeypatch: pytest.MonkeyPatch, step: str, direction: Direction
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(f"backstamp.rewriting.planning.message_planning.{step}", fail)
    raw = message("<a href='https://example.com/'>x</a>", header="X-Backstamp-Opens: on\n")
    planned = plan(raw, Options(direction=direction, unsubscribe=True))
    assert planned.manifest.unprotected == (SkipReason.FAILED,)
    assert not planned.is_personal
    assert planned.apply(FixedSealer()).raw == raw


def test_nothing_is_added_to_a_header_whose_end_was_not_seen() -> None:
    raw = message("x", header=f"X: {'x' * 300}\nList-Unsubscribe: <mailto:a@example.com>\n")
    options = Options(unsubscribe=True, limits=Limits(header_bytes=200))
    assert plan(raw, options).apply(FixedSealer()).raw == raw


def test_a_message_over_the_limit_is_given_up() -> None:
    options = Options(limits=Limits(message_bytes=100))
    assert plan(b"\r\n" + b"x" * 200, options).manifest.skip_reason is SkipReason.TOO_BIG


def test_a_text_over_the_limit_is_left_alone() -> None:
    options = Options(direction=Direction.INBOUND, limits=Limits(html_bytes=100))
    assert reasons(message("x" * 101), options) == {SkipReason.PART_TOO_BIG}


def test_links_over_the_limit_are_named_as_unprotected() -> None:
    options = Options(direction=Direction.INBOUND, limits=Limits(links=2))
    manifest = plan(message("<a href='https://example.com/'>x</a>" * 3), options).manifest
    assert [each.skip_reason for each in manifest.candidates] == [None, None, SkipReason.TOO_MANY_LINKS]
    assert manifest.unprotected == (SkipReason.TOO_MANY_LINKS,)


def test_a_url_too_long_to_seal_is_named_as_unprotected() -> None:
    manifest = plan(message(f"<a href='https://example.com/{'a' * 20_000}'>x</a>"), INBOUND).manifest
    assert manifest.unprotected == (SkipReason.URL_TOO_LONG,)
    assert len(manifest.candidates[0].url) <= 2000


@pytest.mark.parametrize(
    ("content_type", "cte", "reason"),
    [
        ("text/html; charset=utf-7", "7bit", SkipReason.UNSAFE_CHARSET),
        ("text/html; charset=utf-16le", "8bit", SkipReason.UNSAFE_CHARSET),
        ("text/html; charset=cp037", "8bit", SkipReason.UNSAFE_CHARSET),
        ("message/rfc822", "base64", SkipReason.BROKEN_STRUCTURE),
        ("text/html", "quoted printable", SkipReason.UNKNOWN_ENCODING),
        ("text/html", "x-yenc", SkipReason.UNKNOWN_ENCODING),
        ("text/html", "x-uuencode", SkipReason.UUENCODED),
        ("application/ms-tnef", "base64", SkipReason.TNEF),
        ("multipart/mixed", "7bit", SkipReason.BROKEN_STRUCTURE),
        ("multipart/mixed; boundary=nowhere", "7bit", SkipReason.BROKEN_STRUCTURE),
        ("multipart/encrypted; boundary=x", "7bit", SkipReason.ENCRYPTED),
        ("application/pkcs7-mime; smime-type=signed-data", "base64", SkipReason.SIGNED),
        ("text/html; charset=utf-8; charset=utf-7", "7bit", SkipReason.BROKEN_STRUCTURE),
    ],
)
def test_what_cannot_be_protected_says_so(content_type: str, cte: str, reason: SkipReason) -> None:
    raw = message(b"<a href='https://example.com/'>x</a>", content_type, "8bit").replace(
        b"8bit", cte.encode()
    )
    manifest = plan(raw, INBOUND).manifest
    assert reason in manifest.unprotected
    assert plan(raw, INBOUND).apply(FixedSealer()).raw == raw


@pytest.mark.parametrize("padding", [40, 1100])
def test_what_is_in_an_unknown_encoding_is_changed_as_it_stands_and_counts_as_unprotected(
    padding: int,
) -> None:
    html = "<a href='https://evil.example/1'>x</a> https://evil.example/2"
    raw = message(html).replace(b"8bit", b"amazonses.com")
    received = plan(raw, INBOUND)
    assert [link.url for link in received.links] == ["https://evil.example/1", "https://evil.example/2"]
    assert received.manifest.unprotected == (SkipReason.UNKNOWN_ENCODING,)
    message_holds(raw, (Way(Direction.INBOUND, padding),))
    sent = plan(raw, Options())
    assert sent.links == ()
    assert reasons(raw, Options()) == {SkipReason.UNKNOWN_ENCODING}


@pytest.mark.parametrize("name", ["8bits", "8 bit", "7BITS", "text/html", "us-ascii", "plain"])
def test_an_encoding_that_is_none_by_another_name_is_no_hindrance(name: str) -> None:
    raw = message("<a href='https://good.example/1'>x</a>").replace(b"8bit", name.encode())
    for direction in Direction:
        planned = plan(raw, Options(direction=direction))
        assert [link.url for link in planned.links] == ["https://good.example/1"]
        assert planned.manifest.unprotected == ()
        message_holds(raw, (Way(direction, 40), Way(direction, 1100)))


@pytest.mark.parametrize("body", ["PGEgaHJlZj0i*aHR0cHM6", "PGE=PGE=", "PGEgaHJlZj0iaHR0cHM6A"])
def test_base64_that_programs_read_differently_is_left_alone(body: str) -> None:
    raw = f"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}".encode()
    assert reasons(raw) == {SkipReason.UNDECODABLE}


@pytest.mark.parametrize(
    "body",
    [
        b"www.example.com",
        b"(www.example.com)",
        b"<a/href=x>y</a><base href=//a.example>",
        b"htt\x1b(Bps://a.example/b",
    ],
)
@pytest.mark.parametrize("header", [b"", b"Content-Type: text/html\r\n"])
def test_no_new_url_becomes_a_field_of_a_header_that_ends_without_an_empty_line(
    header: bytes, body: bytes
) -> None:
    for raw in (header + body + b" is the place\r\n", header + body):
        made = plan(raw, INBOUND)
        assert made.apply(FixedSealer()).raw == raw
        assert SkipReason.BROKEN_STRUCTURE in made.manifest.unprotected


def test_behind_another_word_it_does_not_and_is_put_in() -> None:
    raw = b"Content-Type: text/html\r\nsee www.example.com\r\n"
    message_holds(raw, (Way(Direction.INBOUND, 40),))
    assert [link.url for link in plan(raw, INBOUND).links] == ["http://www.example.com/"]


@pytest.mark.parametrize(
    "body",
    [
        b'no field <a href="https://a.example/\r\n\r\nb">x</a>',
        b"no field <a href='https://a.example/\n\nb'>x</a>\r\n\r\n<p>y",
    ],
)
def test_no_link_is_replaced_that_holds_the_end_of_a_header_that_broke_off(body: bytes) -> None:
    raw = b"Content-Type: text/html\r\n" + body
    made = plan(raw, INBOUND)
    assert made.apply(FixedSealer()).raw == raw
    assert SkipReason.BROKEN_STRUCTURE in made.manifest.unprotected
    assert [each.url for each in made.manifest.candidates] == ["https://a.example/b"]


def test_a_body_without_an_empty_line_before_it_is_set_apart_when_it_is_encoded_anew() -> None:
    raw = b"From: a@example.com\r\n" + b"no field " * 20 + b"Subject: x https://example.com/\r\n"
    planned = plan(raw, Options())
    sealer = FixedSealer(1000)
    rewritten = planned.apply(sealer)
    assert rewritten.manifest.parts[0].reencoded == "quoted-printable"
    (link,) = plan(rewritten.raw, Options()).links
    assert link.url == sealer.link(1, "")
    assert unwrap(rewritten.raw, dict[str, str]().get, rewritten.manifest) == raw


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (b"", b"Subject : x\r\nTo: b@example.com\r\n\r\n"),
        (b"From a Mon Jan 1\r\n", b"X-\tY\t: x\r\n\r\n"),
        (b"", b"no field\r\nTo: b@example.com\r\n\r\n"),
    ],
)
def test_that_it_was_encoded_anew_is_said_where_all_programs_still_read_the_header(
    before: bytes, behind: bytes
) -> None:
    raw = before + b"From: a@example.com\r\n" + behind + b"see https://example.com/\r\n"
    rewritten = plan(raw, Options()).apply(FixedSealer(1000))
    assert rewritten.raw.startswith(before + b"Content-Transfer-Encoding: quoted-printable\r\nFrom: ")
    assert rewritten.manifest.parts[0].reencoded == "quoted-printable"
    assert unwrap(rewritten.raw, dict[str, str]().get, rewritten.manifest) == raw


def test_what_looks_like_a_field_only_when_it_is_encoded_anew_is_set_apart() -> None:
    raw = "From: a@example.com\r\né: https://example.com/\r\nSubject: x\r\n".encode()
    rewritten = plan(raw, Options()).apply(FixedSealer(1000))
    assert rewritten.manifest.parts[0].reencoded == "quoted-printable"
    header, empty, body = rewritten.raw.partition(b"\r\n\r\n")
    assert b"=C3=A9" not in header
    assert empty
    assert body.startswith(b"=C3=A9: https://t.example.net/L1")


def test_an_encoding_that_is_said_twice_is_said_once_where_a_part_is_encoded_anew() -> None:
    twice = "Content-Transfer-Encoding: 7bit"
    entity = part("text/plain", "see https://example.com/", twice, "X-Between: x", twice.upper())
    rewritten = plan(multipart("mixed", entity), Options()).apply(FixedSealer(1000))
    once = b"Content-Transfer-Encoding: quoted-printable\r\nX-Between: x\r\n\r\nsee https://t."
    assert rewritten.raw.count(once) == 1
    assert rewritten.raw.lower().count(b"transfer-encoding") == 1


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_bare_cr_before_the_body_becomes_a_line_end_for_all_programs_when_it_is_encoded_anew(
    end: bytes,
) -> None:
    raw = end.join(
        [b"From: a@example.com", b"\rwords\rX: y", b"MIME-Version: 1.0", b"https://example.com/", b""]
    )
    rewritten = plan(raw, Options()).apply(FixedSealer(1000))
    assert rewritten.raw.partition(b"words")[0].endswith(b"From: a@example.com" + end + b"\r\n")
    assert not plan(rewritten.raw, INBOUND).manifest.unprotected
    assert unwrap(rewritten.raw, dict[str, str]().get, rewritten.manifest) == raw


@pytest.mark.parametrize("last", [b"A: b\r\r", b"A: b\r\n \r\r", b"A: b\r\r\r", b"A: b\r\n\t\r\r"])
@pytest.mark.parametrize("begins", [b"", b"Content-Type: text/html\r\n\r\n"])
def test_encoded_anew_the_body_begins_for_all_programs_behind_a_field_that_only_bare_crs_end(
    last: bytes, begins: bytes
) -> None:
    raw = b"From: a@example.com\r\n" + last + begins + b"see https://example.com/\r\n"
    rewritten = plan(raw, Options()).apply(FixedSealer(1000))
    assert rewritten.manifest.parts[0].reencoded == "quoted-printable"
    assert not plan(rewritten.raw, INBOUND).manifest.unprotected
    assert unwrap(rewritten.raw, dict[str, str]().get, rewritten.manifest) == raw


def test_octets_that_are_no_characters_do_not_hinder_reading() -> None:
    raw = message(b"<a \xed\xff=1 href='https://example.com/\xff'>\xfe</a>")
    (link,) = plan(raw, INBOUND).links
    assert (link.url, link.text) == ("https://example.com/%EF%BF%BD", "\ufffd")
    assert plan(raw, INBOUND).apply(FixedSealer()).raw.startswith(raw[: raw.index(b"https:")])


def test_iso_2022_is_changed_in_its_ascii_state_only() -> None:
    shifted = "<a href='https://example.com/'>\x1b$B4A\x1b(B</a>"
    raw = message(shifted, "text/html; charset=ISO-2022-JP", "7bit")
    rewritten = plan(raw, INBOUND).apply(FixedSealer(4)).raw
    assert rewritten.endswith(b"<a href='https://t.example.net/L1xxxx'>\x1b$B4A\x1b(B</a>")


def test_a_comment_that_is_text_inside_many_styles_costs_little() -> None:
    comment = "<!--[if mso]><a href='https://example.com/'>x</a><![endif]-->"
    html = f"<style>{comment}</style>" * 5000 + comment
    assert len(plan(message(html), INBOUND).links) == 1


def test_a_no_break_space_before_a_quote_belongs_to_the_value() -> None:
    planned = plan(
        message("<a href=\u00a0'https://example.com/'>x</a><a href=\f'https://example.org/'>y</a>"), INBOUND
    )
    assert [link.url for link in planned.links] == ["https://example.org/"]
    assert planned.manifest.candidates[0].skip_reason is SkipReason.INVALID_URL


def test_a_contradicting_transfer_encoding_is_left_alone() -> None:
    raw = message("<a href='https://example.com/'>x</a>", header="Content-Transfer-Encoding: base64\n")
    assert reasons(raw) == {SkipReason.BROKEN_STRUCTURE}


def test_parts_behind_the_end_of_a_multipart_are_named() -> None:
    raw = multipart("mixed", part("text/plain", "a")) + b"--=_b\r\n\r\nhttps://example.com/hidden\r\n"
    assert reasons(raw) == {SkipReason.BROKEN_STRUCTURE}


def test_a_header_broken_off_is_named_for_received_mail() -> None:
    raw = b"From: a@example.com\r\nthis is no field\r\nContent-Type: text/html\r\n\r\nhttps://example.com/"
    assert reasons(raw) == {SkipReason.BROKEN_STRUCTURE}


def test_the_author_of_received_mail_cannot_switch_protection_off() -> None:
    raw = message(
        "<a href='https://example.com/' data-backstamp=off clicktracking=off>x</a>",
        header="X-Backstamp-Links: off\n",
    )
    planned = plan(raw, INBOUND)
    assert len(planned.links) == 1
    assert planned.manifest.removed_fields == ()


@pytest.mark.parametrize(
    "html",
    [
        "<p>x</p><a href='https://example.com/",
        "<p>x</p><a title='",
        "<p>x<!-- ",
        "<p>x<style>",
        "<p>x<script>",
        "<p>x<textarea>",
        "<title>",
        "<p>x<noscript>",
        "<a href='https://example.com/'>x",
        "<table><tr><td>x",
        "<p>x<table><tr>",
        "<select><option>x",
        "<div style='display: none'>x",
        "<div style='Visibility:hidden'>x",
        "<p style='mso-hide : all'>x",
        "<p hidden>x",
        "<button>x",
        "<template>x",
        "<frameset>",
        "<plaintext>x",
    ],
)
def test_where_the_pixel_would_not_be_a_plain_visible_image_there_is_none(html: str) -> None:
    planned = plan(message(html), Options())
    assert not planned.has_pixel
    assert planned.manifest.pixel.skip_reason is SkipReason.UNCLOSED_MARKUP
    assert b"<img" not in planned.apply(FixedSealer()).raw


@pytest.mark.parametrize(
    ("before", "repeated", "behind"),
    [
        ("", "x", ""),
        ("", " ", ""),
        ("", "<", ""),
        ("", "<a href='", ""),
        ("", "http://", ""),
        ("", "www.", ""),
        ("", "(", "http://a.b/"),
        ("http://a.b/", ")", ""),
        ("", "<!--[if mso]>", ""),
        ("", "<!--[if mso]><![endif]-->", ""),
        ("", "<![if a]><p title='<![endif]>", ""),
        ("<p title='<!--[if mso]>'>", "<![if b]><i>x</i>", ""),
        ("", "<p>http://a.b/&amp;", ""),
        ("", "http://a.b/<i>x</i>", ""),
        ("<!--[if supportFields]>", " HYPERLINK <x", "<![endif]-->"),
        ("", "&", ""),
        ("", "=", ""),
        ("", "= \n", ""),
    ],
)
@pytest.mark.parametrize("kind", ["text/html", "text/plain"])
def test_the_cost_does_not_grow_with_the_square(before: str, repeated: str, behind: str, kind: str) -> None:
    def make(count: int) -> Callable[[], object]:
        markup = before + repeated * count + behind
        raw = f"Content-Type: {kind}\nContent-Transfer-Encoding: quoted-printable\n\n{markup}".encode()
        return lambda: plan(raw, INBOUND).apply(FixedSealer())

    check_linear(make, 500)


def test_a_message_without_any_header_is_left_alone_or_its_link_would_become_a_field() -> None:
    planned = plan(b"www.example.com is where it is\r\n", Options())
    assert planned.manifest.skip_reason is SkipReason.BROKEN_STRUCTURE
    assert planned.apply(FixedSealer()).raw == b"www.example.com is where it is\r\n"


def test_a_body_after_an_empty_header_section_is_rewritten() -> None:
    assert (
        plan(b"\r\nwww.example.com is where it is\r\n", Options()).links[0].url == "http://www.example.com/"
    )


def test_from_the_urls_alone_a_link_comes_back_in_a_part_whose_header_is_in_doubt() -> None:
    raw = (
        b"Content-Type: message/rfc822\r\nA: b\r\rContent-Type: text/html\r\n\r\n"
        b'<a href="http://x.example/?a=1">x</a>\r\n'
    )
    sealer = FixedSealer(1100)
    planned = plan(raw, Options(direction=Direction.INBOUND))
    rewritten = planned.apply(sealer)
    assert rewritten.manifest.parts[-1].reencoded == "quoted-printable"
    restored = unwrap(rewritten.raw, sealer.reads(planned).get)
    assert b'<a href=3D"http://x.example/?a=3D1">x</a>' in restored
    assert b"t.example.net" not in restored.replace(b"=\r\n", b"")


@pytest.mark.parametrize(
    "body", [b"<a href=3=\r\nD'http://x.example/'>x</a>", b"<a hre=\r\r\nf=3D'http://x.example/'>x</a>"]
)
def test_a_link_that_only_a_program_sees_which_joins_lines_first_makes_received_mail_unprotected(
    body: bytes,
) -> None:
    head = b"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    raw = head + body + b" <a href=3D'http://y.example/'>y</a>\r\n"
    received = plan(raw, INBOUND)
    assert [link.url for link in received.links] == ["http://y.example/"]
    assert reasons(raw) == {SkipReason.UNDECODABLE}
    assert received.manifest.unprotected
    assert reasons(raw, Options(opens=False)) == set()
