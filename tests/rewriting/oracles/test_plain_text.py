"""What a linkifier that is not ours makes a link of in plain text is wrapped or listed."""

import pytest

from backstamp.rewriting import Direction, Options
from tests.rewriting.messages import message
from tests.rewriting.oracles.judge import Miss, judge, rewritten_case, told
from tests.rewriting.oracles.linkifier import linkified
from tests.rewriting.oracles.panel import Panel

AGREED = [
    "https://evil.example/1",
    "see https://evil.example/1.",
    "(https://evil.example/1)",
    "[https://evil.example/1]",
    "{https://evil.example/1}",
    "<https://evil.example/1>",
    "<URL:https://evil.example/1>",
    '"https://evil.example/1"',
    "'https://evil.example/1'",
    "https://evil.example/1,https://evil.example/2",
    "https://evil.example/1;https://evil.example/2",
    "https://evil.example/1https://evil.example/2",
    "https://evil.example/1|https://evil.example/2",
    "https://evil.example/a_(b)",
    "(see https://evil.example/a(b)c)",
    "https://evil.example/it's",
    'https://evil.example/a"b',
    "https://evil.example/a<b>",
    "https://evil.example/a...",
    "https://evil.example/a!b",
    "https://evil.example/?a=b&c=d;e",
    "https://evil.example#a",
    "https://evil.example?a=b",
    "https://evil.example:8080/a",
    "https://user:pw@evil.example/",
    "http://localhost:8080",
    "http://127.0.0.1/a",
    "HTTPS://EVIL.EXAMPLE/A and HtTp://evil.example",
    "www.evil.com and WWW.evil.com/a",
    "(www.evil.com), www.evil.com:80/a; www.evil.com?a",
    "www.evil.com,www.good.com",
    "www.bücher.de",
    "a:https://evil.example/1 a/https://evil.example/2",
    "view-source:https://evil.example/1",
    "http://evil.example/http://evil.example/2",
    "www.evil.com/http://www.good.com",
    "[x](https://evil.example/1) [y]: https://evil.example/2",
    '<a href="https://evil.example/1">https://evil.example/2</a>',
    "> https://evil.example/1\n>> https://evil.example/2",
    "https://bücher.example/ü?ü",
    "https://ｅｖｉｌ.example",
    "https://evil.example/\u200b1",
    "https://evil.example/\u00a0x https://evil.example/\u3000x https://evil.example/\u2028x",
    "https://evil.example/\x0bx https://evil.example/\x0cx https://evil.example/\x01x",
    "https://evil.example/😀",
    "https://evil.example/%20%zz",
    "https://evil.example/" + "a" * 3000,
    "https://evil.example/a)))",
    "http://0x7f.1",
    "https://evil.example/1\r\rhttps://evil.example/2",
    '"Bugs-To: https://evil.example\\n" "www.evil.com:80\\n"',
]
"""Both see the same addresses, with the same ends."""

DISPUTED = [
    "«https://evil.example/1» “https://evil.example/2”",
    "*https://evil.example/1* _https://evil.example/2_ ~https://evil.example/3~",
    "https://evil.example/a… https://evil.example/a?!",
    "https://evil.example/(a https://evil.example/a)b https://evil.example/a]b",
    "（https://evil.example/a） 「https://evil.example/b」",
    "https://evil.example\\@a",
    "https://evil。example/a",
    "https://evil.example/{x}} https://evil.example/{{y}",
    "https://https://evil.example/1",
    "https://evil.example–b https://evil.example/a—b",
    "https://evil.example/世界。次 https://evil.example/a，b",
    "https://evil.example:a/",
    "https://evil.example].x https://evil.example'%20",
    "www./https://evil.example/a",
    "https://evil.example%20evil",
    "http://evil.example%",
    "http://%https://evil.example/a",
    "http://a%https://evil.example/a",
    "https://evil..example/ https://evil.example./a https://evil.example:/a",
]
"""Mail programs disagree on where these end. What matters: none is left out."""


def misses(panel: Panel, text: str) -> list[Miss]:
    return [
        miss
        for direction in Direction
        for newline in (b"\n", b"\r\n")
        for miss in judge(
            rewritten_case(
                message(text, "text/plain; charset=utf-8", newline=newline), Options(direction=direction)
            ),
            panel,
        )
    ]


@pytest.mark.parametrize("text", AGREED)
def test_the_linkifier_sees_what_we_see(panel: Panel, text: str) -> None:
    assert linkified(text)
    found = misses(panel, text)
    assert found == [], told(found)


@pytest.mark.parametrize("text", DISPUTED)
def test_what_the_linkifier_sees_otherwise_is_not_left_out(panel: Panel, text: str) -> None:
    assert linkified(text)
    left_out = [miss for miss in misses(panel, text) if miss.why == "neither wrapped nor listed"]
    assert left_out == [], told(left_out)
