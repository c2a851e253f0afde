"""The sample mail: what any mail program can show, and any server takes."""

import email
import email.policy
import re
from email.message import EmailMessage
from email.utils import formatdate

import pytest

from backstamp.mail.sample import sample_message

DATE = formatdate(0)


def sample() -> bytes:
    return sample_message("ada@example.org", "grace@example.net", "<one@example.org>", DATE)


def test_it_is_7bit_with_crlf_and_short_lines() -> None:
    raw = sample()
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert raw.endswith(b"\r\n")
    body = raw.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_it_is_the_same_for_the_same_facts() -> None:
    assert sample() == sample()


def test_a_mail_program_finds_text_and_html_without_a_fault() -> None:
    message = email.message_from_bytes(sample(), policy=email.policy.default)
    assert message["From"].addresses[0].addr_spec == "ada@example.org"
    assert message["To"].addresses[0].addr_spec == "grace@example.net"
    assert message["Message-ID"] == "<one@example.org>"
    assert message["Date"] == DATE
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert all(not part.defects for part in message.walk())


def content(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_both_bodies_hold_the_same_links_and_no_image_from_elsewhere() -> None:
    message = email.message_from_bytes(sample(), policy=email.policy.default)
    text = content(message, "plain")
    html = content(message, "html")
    in_text = set(re.findall(r"https://\S+", text))
    in_html = {url.replace("&amp;", "&") for url in re.findall(r'href="([^"]+)"', html)}
    assert in_text == in_html
    assert len(in_html) == 4
    assert "<img" not in html
    assert "url(" not in html
    assert "not even a little" in html


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_its_small_print_can_be_read() -> None:
    """WCAG 2.2, 1.4.3, against the ground of the whole page."""
    body = email.message_from_bytes(sample(), policy=email.policy.default).get_body(("html",))
    assert body is not None
    html = str(body.get_content())
    (ground,) = re.findall(r"<body[^>]*background-color:(#[0-9a-f]{6})", html)
    small_print = set(
        re.findall(r"[; ]color:(#[0-9a-f]{6})", html[html.index("You get this because") - 200 :])
    )
    assert small_print != set()
    assert min((luminance(ground) + 0.05) / (luminance(word) + 0.05) for word in small_print) >= 4.5


@pytest.mark.parametrize("bad", ["", "a\r\nBcc: b@example.org", "grüße@example.org", "a\x00b"])
@pytest.mark.parametrize("place", range(4))
def test_nothing_smuggles_a_field_into_the_header(place: int, bad: str) -> None:
    values = ["ada@example.org", "grace@example.net", "<one@example.org>", DATE]
    values[place] = bad
    with pytest.raises(ValueError, match="plain ASCII"):
        sample_message(*values)
