"""What stays as it is in received mail is read all the same: its links are listed with the part's reason."""

import base64

import pytest

from backstamp.rewriting import Direction, Limits, Manifest, Options, SkipReason, plan
from tests.rewriting.sealers import FixedSealer

HEAD = "From: eve@example.org\r\nSubject: x\r\n"
R = SkipReason
HTML = '<a href="https://www.example.com/a?b=1&amp;c=2">x</a>'
URL = "https://www.example.com/a?b=1&c=2"


def received(content: str, body: str | bytes, limits: Limits = Limits()) -> tuple[bytes, Manifest]:
    raw = f"{HEAD}{content}\r\n\r\n".encode() + (body if isinstance(body, bytes) else body.encode())
    options = Options(
        direction=Direction.INBOUND, opens=False, excluded_hosts=("meet.example",), limits=limits
    )
    made = plan(raw, options)
    assert made.apply(FixedSealer()).raw == raw or made.links, "not an octet of it changes"
    return raw, made.manifest


def links(content: str, body: str | bytes) -> list[tuple[str, SkipReason | None]]:
    return [(each.url, each.skip_reason) for each in received(content, body)[1].candidates]


def in_base64(text: bytes) -> bytes:
    return base64.encodebytes(text).replace(b"\n", b"\r\n")


B64 = "\r\nContent-Transfer-Encoding: base64"
QP_AS_SOME_SPELL_IT = "\r\nContent-Transfer-Encoding: quoted printable"
HTML_IN_QP = HTML.replace("=", "=3D").replace("www", "w=\r\nww")
IN_TWO_TEXTS = in_base64(HTML[:10].encode()) + in_base64(HTML[10:].encode())
HTML_IN_UTF7 = HTML.replace("<", "+ADw-").replace('"', "+ACI-").replace("b=1", "b+AD0-1")
SIGNED_HTML = f"--b\r\nContent-Type: text/html\r\n\r\n{HTML}\r\n--b--\r\n"
ARMOURED = "-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\nsee https://www.example.com/a?b=1&c=2 now\r\n"
RTF_IN_PIECES = (
    r'{\rtf1\ansi {\field{\*\fldinst {\b HYPERLINK }{\insrsid7 "\'68\'74tps://www.ex}\uc2{\i ample.com/'
    "\r\n"
    r'\u97 \'61x?b=1&c=2"}}{\fldrslt{\ul here}}}\par}'
)
AN_ATTACHMENT = "\r\nContent-Disposition: attachment; filename=a.html"
OPAQUE = in_base64(b"\x30\x82\x10\x00\xa0\x80\x24\x80" + ARMOURED[38:].encode() + b"\0\0")


@pytest.mark.parametrize(
    ("content", "body", "reason"),
    [
        ("Content-Type: multipart/signed; boundary=b", SIGNED_HTML, R.SIGNED),
        ("Content-Type: application/pkcs7-mime; smime-type=signed-data" + B64, OPAQUE, R.SIGNED),
        ("Content-Type: text/plain", ARMOURED, R.SIGNED),
        ("Content-Type: text/x-amp-html", HTML, R.AMP),
        ("Content-Type: text/html" + AN_ATTACHMENT, HTML, R.SHOWN_ATTACHMENT),
        ("Content-Type: application/octet-stream" + AN_ATTACHMENT, HTML, R.SHOWN_ATTACHMENT),
        ("Content-Type: application/xhtml+xml", HTML, R.SHOWN_TYPE),
        ("Content-Type: text/vcard", f"BEGIN:VCARD\r\nURL:{URL[:9]}\r\n {URL[9:]}", R.SHOWN_TYPE),
        ("Content-Type: text/x-vcard", f"item1.URL:{URL.replace(':', chr(92) + ':')}\r\n", R.SHOWN_TYPE),
        ("Content-Type: text/rtf", RTF_IN_PIECES, R.SHOWN_TYPE),
        ("Content-Type: application/x-pgp-message", f"see {URL} now", R.ENCRYPTED),
        ("Content-Type: text/html; charset=utf-16" + B64, in_base64(HTML.encode("utf-16")), R.UNSAFE_CHARSET),
        ("Content-Type: text/html; charset=utf-7", HTML, R.UNSAFE_CHARSET),
        ("Content-Type: text/html; charset=cp037", HTML.encode("cp037"), R.UNSAFE_CHARSET),
        ("Content-Type: text/html" + B64, in_base64(HTML.encode())[:-2] + b"A*\r\n", R.UNDECODABLE),
        ("Content-Type: text/html" + B64, IN_TWO_TEXTS, R.UNDECODABLE),
        ("Content-Type: multipart/mixed; boundary=", ARMOURED[38:], R.BROKEN_STRUCTURE),
    ],
)
def test_links_of_what_is_left_alone_are_listed(content: str, body: str | bytes, reason: SkipReason) -> None:
    assert links(content, body) == [(URL, reason)]


@pytest.mark.parametrize(
    ("content", "body", "reason"),
    [
        ("Content-Type: text/html" + QP_AS_SOME_SPELL_IT, HTML_IN_QP, R.UNKNOWN_ENCODING),
        ("Content-Type: text/html; charset=utf-7", HTML_IN_UTF7, R.UNSAFE_CHARSET),
        ("Content-Type: text/html" + B64, in_base64(HTML.encode()) + b"-- www.x.example", R.UNDECODABLE),
    ],
)
def test_links_of_a_part_that_programs_decode_differently_are_listed_as_each_shows_them(
    content: str, body: str | bytes, reason: SkipReason
) -> None:
    found = links(content, body)
    assert (URL, reason) in found
    assert len(found) == 2


@pytest.mark.parametrize(
    "before",
    [
        r"{\uc200 }\u32?",
        r"{\uc2{\uc9 }}\u32?",
        r"\uc999\u32 ",
        r"\uc2\u32\u32?",
        r"\u32 \b0 ",
        r"\u32\uc1 ",
        r"{\u32}",
        r"\bin9999 ",
    ],
)
def test_what_some_programs_leave_out_hides_no_link_in_rtf(before: str) -> None:
    body = rf"{{\rtf1 {before}{URL} {'now ' * 300}}}"
    assert links("Content-Type: text/rtf", body) == [(URL, R.SHOWN_TYPE)]


def test_the_address_at_which_a_body_is_is_listed_with_its_field() -> None:
    content = (
        'Content-Type: message/external-body; access-type=URL;\r\n URL="https://www.example.com/\r\n a?b"'
    )
    raw, manifest = received(content, "Content-Type: text/html\r\n\r\nsee https://two.example/\r\n")
    assert [(each.url, each.skip_reason) for each in manifest.candidates] == [
        ("https://www.example.com/a?b", R.SHOWN_TYPE),
        ("https://two.example/", R.SHOWN_TYPE),
    ]
    first = manifest.candidates[0]
    assert raw[first.start : first.end] == content.encode() + b"\r\n"


def test_links_outside_of_the_parts_are_listed_where_they_stand() -> None:
    body = "https://one.example/\r\n--b\r\n\r\nx\r\n--b--\r\nhttps://two.example/\r\n"
    raw, manifest = received("Content-Type: multipart/mixed; boundary=b", body)
    assert [(raw[each.start : each.end], each.skip_reason) for each in manifest.candidates] == [
        (b"https://one.example/", R.OUTSIDE_PARTS),
        (b"https://two.example/", R.OUTSIDE_PARTS),
    ]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(parts=3), R.TOO_MANY_PARTS),
        (Limits(message_bytes=150), R.TOO_BIG),
        (Limits(header_bytes=60), R.HEADER_TOO_BIG),
    ],
)
def test_links_of_a_message_that_is_left_alone_as_a_whole_are_listed(
    limits: Limits, reason: SkipReason
) -> None:
    part = f"--b\r\nContent-Type: text/html\r\n\r\n{HTML.replace('&amp;', '&')}\r\n"
    manifest = received("Content-Type: multipart/mixed; boundary=b", part + "--b\r\n\r\n" * 5, limits)[1]
    assert manifest.skip_reason is reason
    assert [(each.url, each.skip_reason) for each in manifest.candidates] == [(URL, reason)]


def test_only_what_a_reader_may_reach_is_listed() -> None:
    assert links("Content-Type: image/png", HTML) == []
    assert links("Content-Type: application/pdf" + AN_ATTACHMENT.replace("html", "pdf"), HTML) == []
    sent = plan(
        f"{HEAD}Content-Type: text/x-amp-html\r\n\r\n{HTML}".encode(), Options(direction=Direction.OUTBOUND)
    )
    assert sent.manifest.candidates == ()


def test_a_form_in_a_signed_part_is_excused_with_it() -> None:
    body = SIGNED_HTML.replace(HTML, '<form action="https://www.example.com/f"><a href="mailto:a@b">m</a>')
    manifest = received("Content-Type: multipart/signed; boundary=b", body)[1]
    assert [each.skip_reason for each in manifest.candidates] == [R.SIGNED, R.MAILTO]
    assert manifest.unprotected == (R.SIGNED,)


def test_addresses_of_the_header_are_listed_behind_all_others_but_for_ours() -> None:
    fields = "List-Unsubscribe: <https://t.example/u/x>, <https://www.example.com/u>\r\n"
    raw = f"{fields}{HEAD}\r\nsee {URL}".encode()
    options = Options(direction=Direction.INBOUND, opens=False, own_prefixes=("https://t.example/",))
    first, last = plan(raw, options).manifest.candidates
    assert (first.url, first.number) == (URL, 1)
    assert (last.url, last.skip_reason, raw[last.start : last.end].decode()) == (
        "https://www.example.com/u",
        R.HEADER_LINK,
        fields,
    )


def test_a_file_that_opens_an_address_may_open_one_of_any_scheme() -> None:
    body = f"[InternetShortcut]\r\nURL=file://files.example/a.hta\r\nIconFile={URL}\r\n"
    assert links("Content-Type: application/x-mswinurl", body) == [
        ("file://files.example/a.hta", R.SHOWN_ATTACHMENT),
        (URL, R.SHOWN_ATTACHMENT),
    ]


@pytest.mark.parametrize(("most", "last"), [(40, R.HEADER_LINK), (20, R.TOO_MANY_LINKS)])
def test_one_address_of_the_header_hides_behind_no_others(most: int, last: SkipReason) -> None:
    fields = "".join(f"List-Archive: <https://{n}.example/>\r\n" for n in range(39))
    raw = f"{fields}List-Unsubscribe: <{URL}>\r\n{HEAD}\r\nnothing".encode()
    options = Options(direction=Direction.INBOUND, opens=False, limits=Limits(links=most))
    found = plan(raw, options).manifest
    assert (len(found.candidates), found.candidates[-1].skip_reason) == (min(40, most + 1), last)
    assert found.unprotected == (() if last is R.HEADER_LINK else (last,))


def test_the_link_behind_the_last_that_is_listed_says_so() -> None:
    body = HTML * 5
    manifest = received("Content-Type: text/x-amp-html", body, Limits(links=3))[1]
    assert [each.skip_reason for each in manifest.candidates] == [R.AMP] * 3 + [R.TOO_MANY_LINKS]
    two = f"--b\r\nContent-Type: text/x-amp-html\r\n\r\n{HTML * 2}\r\n"
    manifest = received("Content-Type: multipart/mixed; boundary=b", two * 2 + "--b--\r\n", Limits(links=3))[
        1
    ]
    assert [each.skip_reason for each in manifest.candidates] == [R.AMP] * 3 + [R.TOO_MANY_LINKS]


ENTRY = (
    "BEGIN:VCALENDAR\r\nPRODID:-//https://program.example//EN\r\nTZURL:https://zones.example/Berlin\r\n"
    "DESCRIPTION:Join\\nhttps://www.example.com/a\\,b?c=ddddddddddddddddddddddddddd\r\n eeee\\nSee you\r\n"
    "LOCATION:https://join.meet.example/1\r\nURL:HTTPS://two.example\r\n"
    'X-ALT-DESC;FMTTYPE=text/html:<a href="https://three.example/?a=1&amp;b=2">x</a>\r\nEND:VCALENDAR\r\n'
)


@pytest.mark.parametrize(
    "content",
    [
        "Content-Type: text/calendar; method=REQUEST",
        "Content-Type: text/calendar\r\nContent-Disposition: attachment; filename=invite.ics",
        "Content-Type: application/ics; name=invite.ics\r\nContent-Disposition: attachment",
        "Content-Type: application/octet-stream; name=Invite.ICS",
    ],
)
def test_links_of_a_calendar_entry_are_read_as_a_calendar_shows_them(content: str) -> None:
    raw, manifest = received(content, ENTRY)
    assert [(each.url, each.skip_reason) for each in manifest.candidates] == [
        ("https://www.example.com/a,b?c=dddddddddddddddddddddddddddeeee", R.CALENDAR_LINK),
        ("https://join.meet.example/1", R.EXCLUDED_HOST),
        ("https://two.example/", R.CALENDAR_LINK),
        ("https://three.example/?a=1&b=2", R.CALENDAR_LINK),
    ]
    first = manifest.candidates[0]
    assert raw[first.start : first.end] == (
        b"https://www.example.com/a\\,b?c=ddddddddddddddddddddddddddd\r\n eeee"
    )
    assert [each.skip_reason for each in manifest.parts] == [R.CALENDAR]
    assert manifest.unprotected == (R.CALENDAR_LINK,)


def test_a_calendar_entry_without_links_or_with_excluded_ones_does_no_harm() -> None:
    for line in ("SUMMARY:Lunch", "LOCATION:https://meet.example/1", "TZURL:https://zones.example/"):
        entry = f"BEGIN:VCALENDAR\r\n{line}\r\nEND:VCALENDAR\r\n"
        assert received("Content-Type: text/calendar", entry)[1].unprotected == ()


def test_of_html_that_a_program_may_take_for_plain_text_all_addresses_are_listed() -> None:
    content = "Content-Type: text/plain\r\nContent-Type: text/html"
    words = '<p title="see https://evil.example/1">https://evil.example/2</p><!-- https://evil.example/3 -->'
    body = HTML + words
    assert links(content, body) == [
        (URL, None),
        ("https://evil.example/1", R.UNLOCATED),
        ("https://evil.example/2", None),
        ("https://evil.example/3", R.UNLOCATED),
    ]
    assert links("Content-Type: text/html", body) == [(URL, None), ("https://evil.example/2", None)]


@pytest.mark.parametrize("zeros", [b"\0", b"\0" * 1000])
def test_null_octets_hide_no_link_from_programs_that_drop_them(zeros: bytes) -> None:
    raw = (
        b"Content-Type: text/html; charset=utf-16le\r\n\r\n"
        + zeros
        + b'<a href="ht\0tps://evil.example/">x</a>\r\n'
    )
    found = plan(raw, Options(direction=Direction.INBOUND, opens=False)).manifest.candidates
    assert [(each.url, each.skip_reason) for each in found] == [
        ("https://evil.example/", SkipReason.UNSAFE_CHARSET)
    ]


LIBRARY = (
    '<?xml version="1.0"?>\r\n<libraryDescription><simpleLocation>'
    "<url>\\\\evil.example\\share</url></simpleLocation></libraryDescription>\r\n"
)


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ("Content-Type: application/octet-stream; name=a.library-ms", LIBRARY),
        ("Content-Type: application/xml; name=a.search-ms", LIBRARY),
        ("Content-Type: application/windows-library+xml\r\nContent-Disposition: attachment", LIBRARY),
        ("Content-Type: image/png; name=a.SCF", "[Shell]\r\nIconFile=\\\\evil.example\\share\r\n"),
        ("Content-Type: image/png; name=a.url", "[InternetShortcut]\r\nURL=file://evil.example/share\r\n"),
    ],
)
def test_a_file_that_opens_a_share_is_read_whatever_its_type_says(content: str, body: str) -> None:
    _, manifest = received(content, body)
    assert manifest.unprotected == (R.SHOWN_ATTACHMENT,)
    assert [each.url.replace("\\", "/").split("/")[2] for each in manifest.candidates] == ["evil.example"]


def test_a_picture_and_a_file_without_an_address_are_attachments_whatever_they_are_called() -> None:
    for content in ("Content-Type: image/png; name=a.url", "Content-Type: image/png; name=a.png"):
        _, manifest = received(content, "[InternetShortcut]\r\n")
        assert manifest.unprotected == ()


@pytest.mark.parametrize("media_type", ["application/pdf", "image/png", "application/zip"])
@pytest.mark.parametrize("disposition", ["", "\r\nContent-Disposition: attachment; filename=a.html"])
def test_html_by_its_name_is_html_whatever_else_its_type_says(media_type: str, disposition: str) -> None:
    _, manifest = received(f"Content-Type: {media_type}; name=a.html{disposition}", HTML)
    assert [(each.url, each.skip_reason) for each in manifest.candidates] == [(URL, R.SHOWN_ATTACHMENT)]
    _, plain = received(f"Content-Type: {media_type}; name=a.html{disposition}", "<p>no link</p>")
    assert plain.unprotected == ()


@pytest.mark.parametrize("media_type", ["application/xhtml+xml", "text/html"])
@pytest.mark.parametrize("name", ["a.url", "a.scf"])
def test_what_is_html_by_its_type_and_a_shortcut_by_its_name_is_read_as_both(
    media_type: str, name: str
) -> None:
    content = f"Content-Type: {media_type}; name={name}\r\nContent-Disposition: attachment"
    link, share = "<a href='https:&#47;&#47;evil.example/'>x</a>", "IconFile=\\\\share.example\\a"
    for body, hosts in (
        (f"{link}\r\n{share}\r\n", ["evil.example", "share.example"]),
        (f"{link}\r\n", ["evil.example"]),
        (f"[Shell]\r\n{share}\r\n", ["share.example"]),
    ):
        _, manifest = received(content, body)
        assert [each.url.replace("\\", "/").split("/")[2] for each in manifest.candidates] == hosts
        assert manifest.unprotected == (R.SHOWN_ATTACHMENT,)


@pytest.mark.parametrize(
    ("media_type", "reason"),
    [("application/ics", R.CALENDAR_LINK), ("application/rtf", R.SHOWN_ATTACHMENT)],
)
def test_a_calendar_entry_or_rtf_that_is_html_by_its_name_is_read_as_html_too(
    media_type: str, reason: SkipReason
) -> None:
    html = "<p><a href='https:&#47;&#47;evil.example/'>x</a></p>"
    _, manifest = received(f"Content-Type: {media_type}; name=a.html", html)
    assert [(each.url, each.skip_reason) for each in manifest.candidates] == [
        ("https://evil.example/", reason)
    ]
    assert manifest.unprotected == (reason,)


@pytest.mark.parametrize("media_type", ["text/plain", "text/csv", "text/xml", "text/calendar"])
def test_an_attached_text_that_is_html_by_its_name_is_read_as_both(media_type: str) -> None:
    html = "<p><a href='https:&#47;&#47;evil.example/'>x</a></p>\r\nURL:https://b.example/\r\n"
    content = f"Content-Type: {media_type}; name=a.html"
    _, manifest = received(f"{content}\r\nContent-Disposition: attachment", html)
    assert {each.url for each in manifest.candidates} >= {"https://evil.example/", "https://b.example/"}
    assert len(manifest.unprotected) == 1
    _, shown = received(content, "<p>https://b.example/</p>")
    assert {each.url for each in shown.candidates} == {"https://b.example/"}
