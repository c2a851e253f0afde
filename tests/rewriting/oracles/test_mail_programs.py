"""Messages of ours whose form other mail programs read in another way than one may think."""

import pytest

from backstamp.rewriting import Direction, Options
from tests.rewriting.messages import message, multipart, part
from tests.rewriting.oracles.judge import judge, rewritten_case, told
from tests.rewriting.oracles.panel import Panel

LINK = "<a href='https://evil.example/1'>x</a>"
SOUND = {
    "alternatives": multipart(
        "alternative", part("text/plain", "https://evil.example/1"), part("text/html", LINK)
    ),
    "a mark before the text": message("\ufeff" + LINK),
    "quoted-printable": message(LINK + "=" * 100, cte="quoted-printable"),
    "quoted-printable with a bare return": message(f"{LINK}\r".encode(), cte="quoted-printable"),
    "base64": message(LINK, cte="base64"),
    "latin": message(LINK.encode() + b"\xe9", "text/html; charset=iso-8859-1"),
    "a label with quotes": message(LINK, "text/html; charset='utf-8'"),
    "an encoding with a semicolon": message(LINK).replace(b"8bit", b"8bit;"),
    "a preamble with links": multipart("mixed", part("text/html", LINK)).replace(
        b"\r\n\r\n--", b"\r\n\r\nhttps://evil.example/2\r\n--", 1
    ),
    "no end": multipart("mixed", part("text/html", LINK)).rpartition(b"--=_b--")[0],
    "a part without a body": multipart("mixed", b"Content-Type: text/html"),
    "an empty part": multipart("mixed", b"", part("text/html", LINK)),
    "a part in a part": multipart("mixed", part("message/rfc822", message(LINK).decode())),
}


def misses(panel: Panel, raw: bytes) -> str:
    found = []
    for direction in Direction:
        case = rewritten_case(raw, Options(direction=direction))
        panel.learn(case.documents)
        found += judge(case, panel)
    return told(found)


@pytest.mark.parametrize("name", SOUND)
def test_a_mail_program_sees_what_the_manifest_says(panel: Panel, name: str) -> None:
    assert misses(panel, SOUND[name]) == ""
