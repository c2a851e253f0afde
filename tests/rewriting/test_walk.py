"""Which parts are changed, and how the others are named, in sent and in received mail."""

import base64

import pytest

from backstamp.rewriting import Direction, Manifest, Options, SkipReason, plan
from tests.rewriting.messages import multipart, part
from tests.rewriting.sealers import FixedSealer

R = SkipReason
HTML = "<a href='https://example.com/'>x</a>"
TEXT = "see https://example.com/"
LINK_FILE = "[InternetShortcut]\r\nURL=https://example.com/"
SHARE_FILE = "[InternetShortcut]\r\nURL=file://files.example/a.hta\r\n"
PLIST = "<plist><dict><key>URL</key><string>https://example.com/</string></dict></plist>"
OUT, IN = Direction.OUTBOUND, Direction.INBOUND


def manifest(raw: bytes, direction: Direction) -> Manifest:
    return plan(raw, Options(direction=direction, opens=False)).manifest


def second(raw_part: bytes, direction: Direction) -> tuple[bool, SkipReason | None]:
    """Whether the part is changed that comes second in a mixed message, and its reason."""
    found = manifest(multipart("mixed", part("text/plain", TEXT), raw_part), direction)
    (report,) = (each for each in found.parts if each.path == "1.2")
    return report.touched, report.skip_reason


@pytest.mark.parametrize(
    ("media_type", "body", "sent", "received"),
    [
        ("text/html", HTML, (True, None), (True, None)),
        ("text/plain", TEXT, (True, None), (True, None)),
        ("text/enriched", TEXT, (False, R.OTHER_TYPE), (True, None)),
        ("text/richtext", TEXT, (False, R.OTHER_TYPE), (True, None)),
        ("text/markdown", TEXT, (False, R.OTHER_TYPE), (True, None)),
        ("text/x-unheard-of", TEXT, (False, R.OTHER_TYPE), (True, None)),
        ("message/delivery-status", TEXT, (False, R.OTHER_TYPE), (True, None)),
        ("message/disposition-notification", TEXT, (False, R.OTHER_TYPE), (True, None)),
        ("text/rfc822-headers", TEXT, (False, R.OTHER_TYPE), (True, None)),
        ("text/rtf", TEXT, (False, R.OTHER_TYPE), (False, R.SHOWN_TYPE)),
        ("application/rtf", TEXT, (False, R.OTHER_TYPE), (False, R.SHOWN_TYPE)),
        ("text/rtf", r"{\rtf1 \'68ttp}{s://example.com/}", (False, R.OTHER_TYPE), (False, R.SHOWN_TYPE)),
        ("text/rtf", r"{\rtf1 \u8217 \b0 ?none}", (False, R.OTHER_TYPE), (False, R.SHOWN_TYPE)),
        ("text/rtf", r"{\rtf1\uc1 \u8217\'92{\b none}}", (False, R.OTHER_TYPE), (False, R.OTHER_TYPE)),
        ("application/rtf", "none", (False, R.OTHER_TYPE), (False, R.OTHER_TYPE)),
        ("application/xhtml+xml", HTML, (False, R.OTHER_TYPE), (False, R.SHOWN_TYPE)),
        ("application/xhtml+xml", TEXT, (False, R.OTHER_TYPE), (False, R.OTHER_TYPE)),
        ("text/xhtml", HTML, (False, R.OTHER_TYPE), (False, R.SHOWN_TYPE)),
        ("text/xhtml", TEXT, (False, R.OTHER_TYPE), (False, R.SHOWN_TYPE)),
        ("image/svg+xml", f"<svg>{HTML}</svg>", (False, R.OTHER_TYPE), (False, R.SHOWN_TYPE)),
        ("image/svg+xml", "<svg/>", (False, R.OTHER_TYPE), (False, R.OTHER_TYPE)),
        ("message/partial; id=a@b; number=1", TEXT, (False, R.OTHER_TYPE), (False, R.SHOWN_TYPE)),
        ("message/external-body; access-type=URL", "", (False, R.OTHER_TYPE), (False, R.SHOWN_TYPE)),
        ("image/png", TEXT, (False, R.OTHER_TYPE), (False, R.OTHER_TYPE)),
        ("application/octet-stream", HTML, (False, R.OTHER_TYPE), (False, R.ATTACHMENT)),
        (
            "application/octet-stream; name=A.HTM",
            HTML,
            (False, R.OTHER_TYPE),
            (False, R.SHOWN_ATTACHMENT),
        ),
        (
            "application/octet-stream; name=a.txt",
            TEXT,
            (False, R.OTHER_TYPE),
            (False, R.SHOWN_ATTACHMENT),
        ),
        (
            "application/force-download; name=a.url",
            TEXT,
            (False, R.OTHER_TYPE),
            (False, R.SHOWN_ATTACHMENT),
        ),
        (
            "application/octet-stream; name=a.eml",
            "From: a\r\nContent-Transfer-Encoding: BASE64\r\n\r\nAAAA",
            (False, R.OTHER_TYPE),
            (False, R.SHOWN_ATTACHMENT),
        ),
        (
            "application/octet-stream; name=a.eml",
            "From: a\r\n\r\nb",
            (False, R.OTHER_TYPE),
            (False, R.ATTACHMENT),
        ),
        ("application/octet-stream; name=a.bin", TEXT, (False, R.OTHER_TYPE), (False, R.ATTACHMENT)),
        ("application/octet-stream; name=winmail.dat", TEXT, (False, R.TNEF), (False, R.TNEF)),
        ("application/ms-tnef", TEXT, (False, R.TNEF), (False, R.TNEF)),
        ("text/vcard", f"BEGIN:VCARD\r\nURL:{TEXT}", (False, R.OTHER_TYPE), (False, R.SHOWN_TYPE)),
        ("text/x-vcard", "BEGIN:VCARD\r\nFN:x", (False, R.OTHER_TYPE), (False, R.OTHER_TYPE)),
        (
            "text/directory",
            "BEGIN:VCARD\r\nURL;ENCODING=QUOTED-PRINTABLE:=68ttps://example.com/",
            (False, R.OTHER_TYPE),
            (False, R.SHOWN_TYPE),
        ),
        (
            "application/octet-stream; name=a.vcf",
            "URL:https\\://example.com/",
            (False, R.OTHER_TYPE),
            (False, R.SHOWN_ATTACHMENT),
        ),
        ("application/x-pgp-message", TEXT, (False, R.ENCRYPTED), (False, R.ENCRYPTED)),
        ("text/calendar", TEXT, (False, R.CALENDAR), (False, R.CALENDAR)),
        ("text/x-amp-html", HTML, (False, R.AMP), (False, R.AMP)),
        ("text /html", HTML, (False, R.BROKEN_STRUCTURE), (True, R.BROKEN_STRUCTURE)),
    ],
)
def test_kinds_of_parts(
    media_type: str,
    body: str,
    sent: tuple[bool, SkipReason | None],
    received: tuple[bool, SkipReason | None],
) -> None:
    raw = part(media_type, body)
    assert (second(raw, OUT), second(raw, IN)) == (sent, received)


@pytest.mark.parametrize(
    ("media_type", "disposition", "body", "sent", "received"),
    [
        ("text/html", "attachment; filename=a.html", HTML, R.ATTACHMENT, R.SHOWN_ATTACHMENT),
        ("text/html", "attachment; filename=a.html", "<p>x", R.ATTACHMENT, R.ATTACHMENT),
        ("text/html; name=a.html", "attachment", HTML, R.ATTACHMENT, R.SHOWN_ATTACHMENT),
        ("text/html", "attachment", HTML, R.ATTACHMENT, None),
        (
            "application/internet-shortcut",
            "attachment; filename=a.url",
            LINK_FILE,
            R.ATTACHMENT,
            R.SHOWN_ATTACHMENT,
        ),
        (
            "application/octet-stream",
            "attachment; filename=a.webloc",
            PLIST,
            R.ATTACHMENT,
            R.SHOWN_ATTACHMENT,
        ),
        ("application/x-url", "inline; filename=a.url", LINK_FILE, R.OTHER_TYPE, R.SHOWN_ATTACHMENT),
        ("application/x-mswebsite", "attachment; filename=a", LINK_FILE, R.ATTACHMENT, R.SHOWN_ATTACHMENT),
        ("application/x-url", "attachment; filename=a.url", SHARE_FILE, R.ATTACHMENT, R.SHOWN_ATTACHMENT),
        ("text/plain", "attachment; filename=a.txt", SHARE_FILE, R.ATTACHMENT, R.ATTACHMENT),
        ("text/plain", "attachment; filename=a.txt", TEXT, R.ATTACHMENT, R.SHOWN_ATTACHMENT),
        ("text/plain", "attachment; filename=a.txt", "x", R.ATTACHMENT, R.ATTACHMENT),
        ("text/plain", "attachment", TEXT, R.ATTACHMENT, None),
        ("text/plain", "inline; filename=a.txt", TEXT, None, None),
        ("text/xml; name=a.xml", "inline; filename=a.xml", TEXT, R.OTHER_TYPE, R.SHOWN_ATTACHMENT),
        ("text/xml", "inline", TEXT, R.OTHER_TYPE, None),
        ("text/csv; name=a.csv", "inline; filename=a.csv", TEXT, R.OTHER_TYPE, None),
        ("text/plain", "x-unheard-of; filename=a.txt", TEXT, R.ATTACHMENT, None),
        ("text/plain; charset=utf-7", "attachment; filename=a.txt", "x", R.ATTACHMENT, R.SHOWN_ATTACHMENT),
        ("text/x-patch", "attachment; filename=a.diff", TEXT, R.ATTACHMENT, R.SHOWN_ATTACHMENT),
        (
            "image/svg+xml",
            "attachment; filename=a.svg",
            f"<svg>{HTML}</svg>",
            R.ATTACHMENT,
            R.SHOWN_ATTACHMENT,
        ),
        ("image/svg+xml", "attachment; filename=a.svg", "<svg/>", R.ATTACHMENT, R.ATTACHMENT),
        ("application/pdf", "attachment; filename=a.pdf", TEXT, R.ATTACHMENT, R.ATTACHMENT),
        ("application/ms-tnef", "attachment; filename=a", TEXT, R.TNEF, R.TNEF),
    ],
)
def test_attachments(
    media_type: str, disposition: str, body: str, sent: SkipReason | None, received: SkipReason | None
) -> None:
    raw = part(media_type, body, f"Content-Disposition: {disposition}")
    assert second(raw, OUT) == (sent is None, sent)
    assert second(raw, IN) == (received is None, received)


@pytest.mark.parametrize("disposition", ["inline", "attachment; filename=a.eml"])
def test_messages_are_looked_into_in_received_mail_only(disposition: str) -> None:
    raw = multipart(
        "mixed",
        part(
            "message/rfc822",
            part("text/plain", TEXT).decode(),
            f"Content-Disposition: {disposition}",
        ),
    )
    (report,) = manifest(raw, IN).parts
    assert (report.path, report.touched, report.skip_reason) == ("1.1.1", True, None)
    sent = manifest(raw, OUT)
    assert [(each.path, each.skip_reason) for each in sent.parts] == [
        ("1.1", R.ATTACHED_MESSAGE),
        ("1.1.1", R.ATTACHED_MESSAGE),
    ]


def test_an_encoded_message_is_named_as_unprotected() -> None:
    body = base64.encodebytes(part("text/plain", TEXT)).decode()
    raw = part("message/rfc822", body, "Content-Transfer-Encoding: base64")
    assert second(raw, IN) == (False, R.BROKEN_STRUCTURE)


def test_what_lies_beside_related_html_is_no_text_of_its_own() -> None:
    def related(*parts: bytes) -> dict[str, SkipReason | None]:
        raw = multipart("related", *parts)
        return {each.path: each.skip_reason for each in manifest(raw, IN).parts}

    style = part("text/css", f"a {{ background: url(https://example.com/) }} {TEXT}")
    picture = part("image/svg+xml", f"<svg>{HTML}</svg>")
    assert related(part("text/html", HTML), style, picture) == {
        "1.1": None,
        "1.2": R.OTHER_TYPE,
        "1.3": R.OTHER_TYPE,
    }
    assert related(picture, part("text/html", HTML)) == {"1.1": R.SHOWN_TYPE, "1.2": None}


def test_the_pixel_goes_where_related_says_that_it_starts() -> None:
    raw = multipart(
        "related",
        part("text/html", "<p>beside", "Content-ID: <a@x>"),
        part("text/html", "<p>shown", "Content-ID: <b@x>"),
    )
    assert plan(raw, Options()).manifest.pixel.part == "1.1"
    named = raw.replace(b"multipart/related;", b'multipart/related; start="<b@x>";')
    assert plan(named, Options()).manifest.pixel.part == "1.2"


def test_doubt_about_a_part_that_is_left_alone_makes_it_unprotected() -> None:
    raw = part("image/png junk", TEXT)
    assert second(raw, IN) == (False, R.BROKEN_STRUCTURE)
    assert second(raw, OUT) == (False, R.OTHER_TYPE)
    assert second(part("image/png", TEXT), IN) == (False, R.OTHER_TYPE)


def test_a_container_in_doubt_is_named_in_received_mail_and_its_parts_are_changed() -> None:
    raw = multipart("mixed", part("text/plain", TEXT)) + b"more at https://example.org/\r\n"
    found = manifest(raw, IN)
    assert [(each.path, each.touched, each.skip_reason) for each in found.parts] == [
        ("1", False, R.OUTSIDE_PARTS),
        ("1.1", True, None),
    ]
    assert found.unprotected == (R.OUTSIDE_PARTS,)
    assert [each.path for each in manifest(raw, OUT).parts] == ["1.1"]


@pytest.mark.parametrize("direction", list(Direction))
def test_a_text_with_a_uuencoded_file_is_changed_and_named(direction: Direction) -> None:
    raw = part("text/plain", f"{TEXT}\r\nbegin 644 a.html\r\n#0V%T\r\n`\r\nend\r\n")
    assert second(raw, direction) == (True, R.UUENCODED)
    yenc = part("text/plain", f"{TEXT}\r\n=ybegin line=128 size=3 name=a.html\r\nabc\r\n=yend size=3\r\n")
    assert second(yenc, direction) == (True, R.UUENCODED)
    prose = part("text/plain", f"{TEXT}\r\nbegin 644 is how it begins\r\n")
    assert second(prose, direction) == (True, None)


@pytest.mark.parametrize("direction", list(Direction))
def test_what_looks_like_an_address_in_the_data_of_a_file_stays_as_it_is(direction: Direction) -> None:
    data = "M(HTTPS://EXAMPLE.COM/" + "A" * 39 + "\r\n#0V%T"
    raw = multipart("mixed", part("text/plain", f"{TEXT}\r\nbegin 644 a.zip\r\n{data}\r\n`\r\nend\r\n{TEXT}"))
    planned = plan(raw, Options(direction=direction, opens=False))
    assert len(planned.links) == 2
    assert data.encode() in planned.apply(FixedSealer()).raw


@pytest.mark.parametrize(
    ("cte", "body"),
    [
        ("base64", base64.encodebytes(f"{TEXT}\nbegin 644 a.html\n#0V%T\nend\n".encode()).decode()),
        ("quoted-printable", f"{TEXT}=\r\nbegin 644 a.html\r\n#0V%T\r\nend\r\n"),
        ("quoted-printable", f"{TEXT}\r\nbegin=20644 a.html\r\n#0V%T\r\nend\r\n"),
    ],
)
def test_a_file_is_found_in_what_is_encoded_and_in_what_was(cte: str, body: str) -> None:
    raw = part("text/plain", body, f"Content-Transfer-Encoding: {cte}")
    assert second(raw, IN) == (True, R.UUENCODED)


def test_a_header_part_that_is_too_big_is_left_alone_and_named() -> None:
    raw = part("text/html", HTML, "X-Filler: " + "x" * 300_000)
    assert second(raw, IN) == (False, R.HEADER_TOO_BIG)
    assert second(raw, OUT) == (False, R.HEADER_TOO_BIG)


@pytest.mark.parametrize(
    "name",
    [
        "a.html",
        '"=?utf-8?B?YS5odG1s?="',
        '"=?iso-8859-1?Q?a=2Ehtml?="',
        '"=?utf-8?Q?' + "a" * 900 + '?= =?utf-8?Q?.htm?="',
        "=?utf-8?Q?a=2EHTML?=",
        "a.html.",
        '"a.html . "',
    ],
)
def test_a_file_is_known_by_its_name_however_that_is_written(name: str) -> None:
    disposed = part("application/octet-stream", HTML, f"Content-Disposition: attachment; filename={name}")
    named = part(f"application/octet-stream; name={name}", HTML)
    assert second(disposed, IN) == second(named, IN) == (False, R.SHOWN_ATTACHMENT)


@pytest.mark.parametrize("name", ["smime.p7m", "SMIME.P7M", "mail.p7z"])
def test_smime_that_is_told_by_its_name_is_encrypted_or_signed(name: str) -> None:
    raw = part(f"application/octet-stream; name={name}", "TUlJ", "Content-Transfer-Encoding: base64")
    assert second(raw, Direction.INBOUND) == (False, SkipReason.ENCRYPTED)
    assert SkipReason.ENCRYPTED.unprotected
