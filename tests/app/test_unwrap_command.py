"""`backstamp unwrap --foreign`: other vendors' links in a message."""

import base64
import quopri
from pathlib import Path
from urllib.parse import quote

import pytest

from backstamp.rewriting import Options, plan
from backstamp.tokens import CopySealer
from tests.app.test_rewrite_command import BASE, RING, Context, run_rewrite, run_unwrap

TARGET = "https://example.com/a?b=1&c=2"
IN_HTML = TARGET.replace("&", "&amp;")
SAFE = f"https://nam02.safelinks.protection.outlook.com/?url={quote(TARGET, safe='')}&data=05%7C02&reserved=0"
PROOFPOINT = "https://urldefense.com/v3/__https://example.com/a?b=1&c=2*top__;Iw!!abc!def-_x$"
OPAQUE = "https://protect-eu.mimecast.com/s/AbC1?domain=example.com"

HTML = (
    "<p>Hello,\r\n  <a  HREF=\"{safe}\" class=x>one</a> <a href='{proofpoint}'>two</a>\r\n"
    '<a href={opaque}>three</a> <a href="https://example.org/?u=1">four</a><img src="cid:1">\t\r\n'
)
MULTIPART = (
    "From: a@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/alternative; boundary=b\r\n\r\npreamble  \r\n--b\r\n\r\n"
    "See <{safe}>,\r\n> quoted {proofpoint}.\r\nand {opaque}  \r\n--b\r\n"
    "Content-Type: text/html\r\n\r\n" + HTML + "--b--\r\nepilogue {safe}\r\n"
)


def filled(template: str, safe: str, proofpoint: str, epilogue: str = SAFE) -> bytes:
    head, _, tail = template.rpartition("{safe}") if "epilogue" in template else (template, "", "")
    body = head.format(safe=safe, proofpoint=proofpoint, opaque=OPAQUE)
    return (body + (epilogue + tail if tail else "")).encode()


def test_links_in_the_text_and_the_html_are_unwrapped_and_all_else_is_kept() -> None:
    wrapped = filled(MULTIPART, SAFE, PROOFPOINT)
    result = run_unwrap("--foreign", message=wrapped, context=Context(None))
    assert result.exit_code == 0
    text, html = result.stdout_bytes.split(b"Content-Type: text/html")
    plain_text, plain_html = filled(MULTIPART, TARGET, TARGET + "#top").split(b"Content-Type: text/html")
    assert text == plain_text
    assert html == plain_html.replace(TARGET.encode(), IN_HTML.encode())


def test_html_may_leave_the_ampersands_of_the_wrapper_as_they_are_or_not() -> None:
    for safe in (SAFE, SAFE.replace("&", "&amp;"), SAFE.replace("&", "&amp;amp;")):
        wrapped = f'Content-Type: text/html\n\n<a href="{safe}">x</a>\n'.encode()
        result = run_unwrap("--foreign", message=wrapped, context=Context(None))
        assert result.stdout_bytes == f'Content-Type: text/html\n\n<a href="{IN_HTML}">x</a>\n'.encode()


@pytest.mark.parametrize("encoding", ["quoted-printable", "base64"])
def test_links_in_encoded_parts_are_unwrapped(encoding: str) -> None:
    body = f'<p>caf\u00e9</p>\r\n<a href="{SAFE}">one</a>\r\n'.encode()
    encode = quopri.encodestring if encoding == "quoted-printable" else base64.encodebytes
    head = f"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    wrapped = head + encode(body).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    result = run_unwrap("--foreign", message=wrapped, context=Context(None))
    assert result.stdout_bytes.startswith(head)
    decode = quopri.decodestring if encoding == "quoted-printable" else base64.decodebytes
    assert decode(result.stdout_bytes[len(head) :]).replace(b"\r\n", b"\n") == (
        body.replace(SAFE.encode(), IN_HTML.encode()).replace(b"\r\n", b"\n")
    )


def test_without_the_option_foreign_links_stay() -> None:
    wrapped = filled(MULTIPART, SAFE, PROOFPOINT)
    assert run_unwrap(message=wrapped).stdout_bytes == wrapped


def test_a_message_without_wrapped_links_is_the_same() -> None:
    for message in (filled(MULTIPART, TARGET, TARGET, TARGET), b"no header", b"\xff\x00\r\n\r\n\xfe"):
        assert run_unwrap("--foreign", message=message, context=Context(None)).stdout_bytes == message


def test_our_link_inside_a_foreign_wrapper_and_a_foreign_one_inside_ours_are_read() -> None:
    ours = run_rewrite(
        message=f'From: a@example.com\nContent-Type: text/html\n\n<a href="{TARGET}">x</a>\n'.encode()
    ).stdout_bytes
    token = ours.partition(f'"{BASE}/'.encode())[2].partition(b'"')[0].decode()
    safe = f"https://nam02.safelinks.protection.outlook.com/?url={quote(f'{BASE}/{token}', safe='')}&data=05"
    message = f"Subject: x\n\n{safe}\n".encode()
    assert run_unwrap("--foreign", message=message).stdout_bytes == f"Subject: x\n\n{TARGET}\n".encode()
    shown = run_unwrap("--foreign", message=message, context=Context(None)).stdout_bytes
    assert shown == f"Subject: x\n\n{BASE}/{token}\n".encode()

    google = f"https://www.google.com/url?q={quote(TARGET, safe='')}&sa=D"
    original = f'From: a@example.com\nContent-Type: text/html\n\n<a href="{google}">x</a>\n'.encode()
    unwrapped = original.replace(google.encode(), IN_HTML.encode())
    assert (
        run_unwrap("--foreign", message=run_rewrite(message=original).stdout_bytes).stdout_bytes == unwrapped
    )


def test_with_the_manifest_the_foreign_links_of_the_original_are_unwrapped(tmp_path: Path) -> None:
    google = f"https://www.google.com/url?q={quote(TARGET, safe='')}&sa=D"
    original = f'From: a@example.com\nContent-Type: text/html\n\n<a href="{google}">x</a>\n'.encode()
    manifest = tmp_path / "manifest.json"
    rewritten = run_rewrite("--manifest", str(manifest), message=original).stdout_bytes
    assert run_unwrap("--manifest", str(manifest), message=rewritten).stdout_bytes == original
    both = run_unwrap("--manifest", str(manifest), "--foreign", message=rewritten).stdout_bytes
    assert both == original.replace(google.encode(), IN_HTML.encode())


@pytest.mark.parametrize("inner", ["javascript:alert(1)", "mailto:a@example.com", "x"])
def test_what_is_no_web_address_stays_wrapped(inner: str) -> None:
    wrapped = (
        "Content-Type: text/html\n\n<a href="
        f'"https://nam02.safelinks.protection.outlook.com/?url={quote(inner, safe="")}">x</a>\n'
    ).encode()
    assert run_unwrap("--foreign", message=wrapped, context=Context(None)).stdout_bytes == wrapped


def test_the_key_file_alone_takes_out_a_list_unsubscribe_of_ours() -> None:
    raw = b"From: a@example.org\r\nSubject: x\r\n\r\nHello.\r\n"
    sealer = CopySealer(
        RING,
        "https://t.example.org",
        domain_id=1,
        tracking_id=7,
        recipient_index=0,
        recipient_key=b"recipien",
        sender_domain="example.org",
    )
    rewritten = plan(raw, Options(unsubscribe=True, one_click=True)).apply(sealer).raw
    assert rewritten.startswith(b"List-Unsubscribe: <https://t.example.org/u/")
    assert run_unwrap(message=b"Received: later\r\n" + rewritten).stdout_bytes == b"Received: later\r\n" + raw
