"""The test mailbox: a hostile mail may be looked at, and can reach nothing."""

import re
from email.message import EmailMessage

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.console.config import ConsoleConfig
from backstamp.console.mailbox.own_view import DOT, as_sent
from backstamp.console.mailbox.view import LARGEST_FRAMED, LARGEST_SHOWN, MailView
from backstamp.records.models import CapturedMail
from backstamp.tokens import Keyring
from backstamp.tokens.sealing import seal_link, seal_pixel
from tests.edge.setting import RING

PIXEL_GIF = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b"
)


def keep(config: ConsoleConfig, raw: bytes, name: str = "one.eml", **fields: str) -> CapturedMail:
    (config.capture_dir / name).write_bytes(raw)
    wanted = {"forward_path": "grace@example.net", "sender": "ada@example.org", "subject": "Hello"}
    return CapturedMail.objects.create(file_name=name, size=len(raw), **(wanted | fields))


def html_mail(html: str) -> bytes:
    message = EmailMessage()
    message["From"] = "ada@example.org"
    message["Subject"] = "Hello"
    message.set_content("In plain words: https://example.com/a?b=1&c=2.")
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def test_the_list_shows_what_was_captured_newest_first(admin: Client, config: ConsoleConfig) -> None:
    keep(config, b"x", "1.eml", subject="First")
    keep(config, b"x", "2.eml", subject="Second")
    shown = admin.get("/mailbox/").text
    assert shown.index("Second") < shown.index("First")


def test_an_empty_mailbox_says_how_to_fill_it(admin: Client, config: ConsoleConfig) -> None:
    shown = admin.get("/mailbox/").text
    assert "The mailbox is empty" in shown
    assert f"{config.gateway_host}:{config.gateway_port}" in shown


def test_the_mails_page_has_an_origin_of_its_own_and_no_script(admin: Client, config: ConsoleConfig) -> None:
    mail = keep(config, html_mail("<script>alert(1)</script><p onclick=alert(1)>Hi"))
    answer = admin.get(f"/mailbox/{mail.pk}/html/")
    policy = answer.headers["Content-Security-Policy"]
    sandbox = policy.split(";")[0].split()
    assert sandbox == ["sandbox", "allow-popups", "allow-popups-to-escape-sandbox"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_images_from_elsewhere_are_blocked_until_they_are_asked_for(
    admin: Client, config: ConsoleConfig
) -> None:
    mail = keep(config, html_mail('<img src="http://localhost:8025/abc" width=1 height=1>'))
    policy = admin.get(f"/mailbox/{mail.pk}/html/").headers["Content-Security-Policy"]
    assert "img-src data:;" in policy
    policy = admin.get(f"/mailbox/{mail.pk}/html/?images=load").headers["Content-Security-Policy"]
    assert "img-src data: http: https:;" in policy
    reader = admin.get(f"/mailbox/{mail.pk}/").text
    assert "Load images" in reader
    assert f'src="/mailbox/{mail.pk}/html/"' in reader
    assert f'src="/mailbox/{mail.pk}/html/?images=load"' in admin.get(f"/mailbox/{mail.pk}/?images=load").text


@pytest.mark.parametrize(
    ("html", "remote"),
    [
        ('<img alt="x" src="https://t.example.org/p">', True),
        ("<img src=//t.example.org/p>", True),
        ("<td background='http://t.example.org/p'>", True),
        ("<p style='background:url( \"https://t.example.org/p\")'>", True),
        ('<img src="cid:logo">', False),
        ('<a href="https://example.com/">link</a>', False),
        ("<p>img src=https://example.com/</p>", False),
    ],
)
def test_it_is_told_whether_there_are_images_from_elsewhere(html: str, remote: bool) -> None:
    assert MailView(html_mail(html)).has_remote_images is remote


def test_links_open_in_a_new_tab_whatever_the_mail_says(admin: Client, config: ConsoleConfig) -> None:
    raw = html_mail(
        "<!DOCTYPE html><html><head><base target=_self href='https://example.com/'></head><body>"
        '<a href="/a" target="_top">x</a><a target=_parent href="/b">y</a></body></html>'
    )
    mail = keep(config, raw)
    shown = admin.get(f"/mailbox/{mail.pk}/html/").text
    assert shown.startswith('<!DOCTYPE html><base target="_blank">')
    assert re.findall(r"target=\S+?>", shown) == ['target="_blank">']
    assert (config.capture_dir / "one.eml").read_bytes() == raw


def test_images_inside_the_mail_are_shown(admin: Client, config: ConsoleConfig) -> None:
    message = EmailMessage()
    message.set_content('<img src="cid:logo@x"><img src="cid:none@x"><img src="cid:page@x">', subtype="html")
    message.add_related(PIXEL_GIF, "image", "gif", cid="<logo@x>")
    message.add_related(b"<svg onload=alert(1)>", "image", "svg+xml", cid="<page@x>")
    mail = keep(config, message.as_bytes())
    shown = admin.get(f"/mailbox/{mail.pk}/html/").text
    assert shown.count("data:image/gif;base64,R0lGODlh") == 1
    assert "cid:none@x" in shown
    assert "cid:page@x" in shown


def test_text_is_escaped_and_its_links_are_links(admin: Client, config: ConsoleConfig) -> None:
    raw = (
        b"Subject: x\r\n\r\n<script>alert(1)</script> see https://example.com/a?b=1&c=2. javascript:alert(1)"
    )
    mail = keep(config, raw)
    shown = admin.get(f"/mailbox/{mail.pk}/").text
    assert "<script>alert" not in shown
    assert '<a href="https://example.com/a?b=1&amp;c=2" target="_blank" rel="noopener noreferrer">' in shown
    assert 'href="javascript' not in shown


@pytest.mark.parametrize("view", ["html", "text", "headers", "source"])
def test_every_view_escapes_what_the_mail_says(admin: Client, config: ConsoleConfig, view: str) -> None:
    attack = "</textarea></pre></iframe><script>alert(1)</script>"
    raw = f"X-Evil: {attack}\r\nSubject: {attack}\r\nContent-Type: text/html\r\n\r\n{attack}".encode()
    mail = keep(config, raw, subject=attack, sender=attack, forward_path=attack, reverse_path=attack)
    shown = admin.get(f"/mailbox/{mail.pk}/?view={view}").text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;" in shown


def test_header_fields_are_shown_as_they_stand(admin: Client, config: ConsoleConfig) -> None:
    raw = b"Received: from a\r\n\tby b\r\nSubject: =?utf-8?q?=C3=A4?=\r\n\r\nbody: none"
    mail = keep(config, raw)
    assert MailView(raw).fields == (("Received", "from a by b"), ("Subject", "=?utf-8?q?=C3=A4?="))
    assert "=?utf-8?q?=C3=A4?=" in admin.get(f"/mailbox/{mail.pk}/?view=headers").text


def test_the_download_is_the_mail_byte_for_byte(admin: Client, config: ConsoleConfig) -> None:
    raw = b"Subject: x\n\r\n\r\xff\x00\x80 bare\rreturns"
    answer = admin.get(f"/mailbox/{keep(config, raw).pk}/raw/")
    assert answer.content == raw
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_mail_can_be_deleted(admin: Client, config: ConsoleConfig) -> None:
    mail = keep(config, b"x")
    assert admin.post(f"/mailbox/{mail.pk}/delete/").headers["Location"] == "/mailbox/"
    assert not CapturedMail.objects.exists()
    assert not (config.capture_dir / "one.eml").exists()


def test_a_file_that_is_gone_is_not_found_and_can_still_be_deleted(
    admin: Client, config: ConsoleConfig
) -> None:
    mail = keep(config, b"x")
    (config.capture_dir / "one.eml").unlink()
    assert admin.get(f"/mailbox/{mail.pk}/").status_code == 404
    assert admin.post(f"/mailbox/{mail.pk}/delete/").status_code == 302


def test_no_row_leads_out_of_the_capture_directory(admin: Client, config: ConsoleConfig) -> None:
    (config.capture_dir.parent / "keys.json").write_text("secret")
    mail = CapturedMail.objects.create(file_name="../keys.json")
    assert admin.get(f"/mailbox/{mail.pk}/raw/").status_code == 404
    admin.post(f"/mailbox/{mail.pk}/delete/")
    assert (config.capture_dir.parent / "keys.json").exists()


def test_a_view_that_is_none_is_not_found(admin: Client, config: ConsoleConfig) -> None:
    assert admin.get(f"/mailbox/{keep(config, b'x').pk}/?view=evil").status_code == 404


def test_a_very_large_mail_is_shown_in_part() -> None:
    view = MailView(b"Subject: x\r\n\r\n" + b"a" * LARGEST_SHOWN)
    assert view.cut
    assert len(view.source) == LARGEST_SHOWN


def test_one_image_named_ten_thousand_times_does_not_fill_the_memory() -> None:
    message = EmailMessage()
    message.set_content('<img src="cid:x">' * 10_000, subtype="html")
    message.add_related(bytes(1_000_000), "image", "png", cid="<x>")
    shown = MailView(message.as_bytes()).framed_html
    assert shown.count("data:image/png;base64,") == LARGEST_FRAMED // 1_333_358
    assert "cid:x" in shown


def test_a_mail_of_too_many_parts_is_shown_by_its_source() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 200_000
    view = MailView(raw)
    assert (view.html, view.text) == ("", ())
    assert view.source == raw.decode()


def test_twenty_thousand_parameters_do_not_hold_the_reader_up() -> None:
    """Python's `email` needs minutes for this one."""
    parameters = b"".join(b";\r\n x*%d*=utf-8''%%41" % number for number in range(20_000))
    raw = b"Content-Type: text/html" + parameters + b"\r\n\r\n<p>hi"
    assert "hi" in MailView(raw).html or MailView(raw).text


@pytest.mark.parametrize(
    ("charset", "cte", "body", "shown"),
    [
        ("utf-8", "base64", b"w6Q=", "ä"),
        ("utf-8", "base64", b"aGVsbG8gw6", "hello "),
        ("utf-8", "quoted-printable", b"=C3=A4 soft=\r\n line", "ä soft line"),
        ("iso-2022-jp", "7bit", b"\x1b$B%F\x1b(B", "テ"),
        ("windows-1252", "8bit", b"\x80", "€"),
        ("utf-7", "7bit", b"+2AA-", "?"),
        ("punycode", "8bit", b"a\xe4", "aä"),
        ("no-such", "8bit", b"a\xe4", "aä"),
    ],
)
def test_text_is_decoded_as_it_says(charset: str, cte: str, body: bytes, shown: str) -> None:
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {cte}\r\n\r\n"
    assert "".join(piece.text for piece in MailView(head.encode() + body).text) == shown


LINES = """
Content-Type: multipart/mixed; boundary=b
Content-Type: text/plain; charset=utf-7
Content-Type: text/html; charset=raw_unicode_escape
\\ud800 +2AA-
Content-Type: text/html; charset=no-such
Content-Type: message/rfc822
Content-Type: image/gif
Content-Transfer-Encoding: base64
Content-Transfer-Encoding: quoted-printable
Content-ID: <x>
Subject: =?utf-8?b?//?=
--b
--b--
<a target=x
<base
<img src=
cid:x
https://
"""
PIECES = [*LINES.encode().split(b"\n"), b"\r\n", b"\n", b"\r", b"\x00\xff", b"=", b"=3D", b":", b" ", b"//"]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)


@given(raw=HOSTILE | st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_mail_is_so_broken_that_it_cannot_be_shown(raw: bytes) -> None:
    view = MailView(raw)
    assert '<base target="_blank">' in view.framed_html
    assert isinstance(view.has_remote_images, bool)
    assert all(len(field) == 2 for field in view.fields)
    assert view.source is not None
    assert "".join(piece.text for piece in view.text) is not None


def test_the_sender_looks_without_asking_the_edge_for_anything(
    admin: Client, config: ConsoleConfig, ring: Keyring
) -> None:
    link = seal_link(
        ring,
        domain_id=1,
        tracking_id=7,
        recipient_index=0,
        link_number=0,
        url='https://example.com/?a=1&b="2"',
    )
    pixel = seal_pixel(ring, domain_id=1, tracking_id=7, recipient_key=bytes(8))
    theirs = f"https://elsewhere.example/{'A' * 48}"
    mail = keep(
        config,
        html_mail(
            f'<a href="http://t.example.org/{link}">Offer</a><img src="http://t.example.org/{pixel}">'
            f'<img src="{theirs}">'
        ),
    )
    for query in ("?as=sender", "?as=sender&images=load"):
        shown = admin.get(f"/mailbox/{mail.pk}/html/{query}").text
        assert "t.example.org" not in shown
        assert '<a href="https://example.com/?a=1&amp;b=' in shown
        assert f'<img src="{DOT}">' in shown
        assert theirs in shown
    assert "nothing that you do here is recorded" in admin.get(f"/mailbox/{mail.pk}/?as=sender").text
    assert f"http://t.example.org/{link}" in admin.get(f"/mailbox/{mail.pk}/html/").text


@given(st.text(alphabet="ht ps:/.<>\"'aA-_0" + chr(0), max_size=400))
def test_what_our_keys_do_not_open_stays_as_it_is_in_the_senders_view(text: str) -> None:
    assert as_sent(text, RING, is_html=True) == text
