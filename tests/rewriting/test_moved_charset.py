"""No shorter URL brings a declaration of a charset to where browsers look for one."""

import pytest

from backstamp.rewriting import Direction, Options, SkipReason, plan
from tests.rewriting.messages import message
from tests.rewriting.sealers import FixedSealer

LONG = f'<a href="https://example.com/{"a" * 400}">x</a>'
UTF7 = '<meta charset="utf-7">'
JAPANESE = "<meta charset=iso-2022-jp>"
UNDECLARED = "text/html"
DECLARED = "text/html; charset=utf-8"


def filled(beginning: str, size: int) -> str:
    return beginning + "." * (size - len(beginning))


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize(
    ("html", "content_type"),
    [
        (filled(LONG, 1100) + UTF7, DECLARED),
        (filled(LONG, 1100) + UTF7, UNDECLARED),
        (filled(LONG, 1100).replace(".", "é", 1) + UTF7, DECLARED),
        (filled(LONG, 900) + LONG + filled("", 400) + UTF7, DECLARED),
    ],
)
def test_html_is_left_alone_where_it_would_be_read_in_another_charset(
    html: str, content_type: str, direction: Direction
) -> None:
    raw = message(html, content_type)
    planned = plan(raw, Options(direction=direction))
    assert planned.manifest.parts[0].skip_reason is SkipReason.UNSAFE_CHARSET
    assert planned.apply(FixedSealer()).raw == raw


@pytest.mark.parametrize(
    ("html", "content_type"),
    [
        # It stays where it is, or comes not so far.
        (filled("<p>", 1100) + UTF7 + LONG, DECLARED),
        (filled(LONG, 1100 + 500) + UTF7, DECLARED),
        (filled(JAPANESE + LONG, 1100), UNDECLARED),
        # To read it so makes no difference.
        (filled(LONG, 1100) + "<meta charset=iso-8859-1>", DECLARED),
        (filled(LONG, 1100) + "charset=", DECLARED),
        (filled(LONG, 1100) + JAPANESE, DECLARED),
    ],
)
def test_all_other_html_is_rewritten(html: str, content_type: str) -> None:
    assert plan(message(html, content_type), Options()).links
