"""A big text is kept on one line of narrow characters, and comes back as its author wrote it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.rewriting import Direction, Options, plan
from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.source import one_line
from backstamp.rewriting.html.source.narrow_text import narrowed
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.parts import text_part
from backstamp.rewriting.planning import read_back
from tests.rewriting.html_documents import WILD
from tests.rewriting.messages import message
from tests.rewriting.sealers import FixedSealer

WORDS = st.text(st.sampled_from("a <\r\n\x85\x81é\xa0я語😀😁\u2007İ\u212a")) | st.text()
PAGE = (
    "<p>Grüße – “hier”…</p>\r\n"
    "<a title='я' href='https://example.com/😀?a=–&amp;b=&#8211;\r\n'>😀 &#129; é</a>"
    "<!--[if mso]><a href='https://example.com/–'>–</a><![endif]--><img alt='–' src=x>"
    "<svg><a href='https://example.com/b'><animate attributeName=href to='https://😀.example/'/></a></svg>"
    "<p>https://example.com/–x, 😀.example, ht<b>tps://example.com/😀</b></p>\r\n"
)


@pytest.fixture
def all_are_big(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (one_line, read_back, text_part):
        monkeypatch.setattr(module, "BIG", 0)


@given(WORDS)
def test_every_stand_in_is_translated_back_and_none_stood_in_the_text(text: str) -> None:
    text = "".join(each for each in text if not "\ud800" <= each <= "\udfff")
    narrow, own = narrowed(text)
    assert len(narrow) == len(text)
    assert narrow.translate(own) == text
    assert not any(chr(stand_in) in text for stand_in in own)


@pytest.mark.parametrize(
    ("text", "highest"),
    [
        ("é", 0xFF),
        ("“Grüße” – 😀", 0xFF),
        ("Привет, как дела, что нового сегодня, жёщцюфъ 😀", 0xFFFF),
        # White space and letters that have one of ASCII for their other case are no other sign.
        ("\u2007😀", 0xFFFF),
        ("İstanbul 😀", 0xFFFF),
        ("".join(map(chr, range(0x20000, 0x20000 + 0x801))), 0x20800),
    ],
)
def test_a_text_is_as_narrow_as_its_different_characters_allow(text: str, highest: int) -> None:
    narrow, _ = narrowed(text)
    assert ord(max(narrow)) <= highest


@pytest.mark.usefixtures("all_are_big")
@given(WORDS, st.integers(0, 20), st.integers(0, 20))
def test_any_stretch_of_a_big_text_comes_back(text: str, start: int, size: int) -> None:
    text = "".join(each for each in text if not "\ud800" <= each <= "\udfff")
    line = OneLine(text)
    assert not {"\r", "\n"} & set(line.line)
    assert line.original() == text
    assert line.original(start, start + size) == text[start : start + size]


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize(
    "page", [PAGE, PAGE + "<noscript><a href=//a.example>я</a></noscript>", "я\u2007" + PAGE]
)
def test_a_big_page_is_rewritten_as_if_it_were_small(
    page: str, direction: Direction, request: pytest.FixtureRequest
) -> None:
    raw = message(page)
    small = plan(raw, Options(direction=direction)).apply(FixedSealer())
    request.getfixturevalue("all_are_big")
    assert OneLine(page).has_stand_ins
    big = plan(raw, Options(direction=direction)).apply(FixedSealer())
    assert big.raw == small.raw
    assert big.manifest == small.manifest
    assert [link.text for link in plan(raw, Options(direction=direction)).links][:1] == ["😀 \x81 é"]


@pytest.mark.usefixtures("all_are_big")
def test_a_name_in_letters_that_have_stand_ins_is_seen_where_nothing_else_speaks_for_one() -> None:
    (word,) = HtmlText(OneLine("<p>пример.рф"), words=True).words
    assert word.value == "http://пример.рф"


@settings(max_examples=25)
@given(WILD)
def test_links_of_a_big_page_are_those_of_a_small_one(page: str) -> None:
    page = f"<a href=\U0001f600>–</a>{page}"
    small = HtmlText(OneLine(page), words=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(one_line, "BIG", 0)
        big = HtmlText(OneLine(page), words=True)
    assert big.links == small.links
    assert big.rivals == small.rivals
    assert big.words == small.words
