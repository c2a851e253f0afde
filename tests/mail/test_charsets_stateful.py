"""ISO-2022 and HZ: what is shifted is never touched, and what readers may take differently is left alone."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backstamp.mail.charsets.decoding import decode_text
from backstamp.mail.charsets.shifted_sets import ShiftFamily
from backstamp.mail.charsets.stateful_charsets import ShiftedText, read_shifted


def shifted(data: bytes, family: ShiftFamily = ShiftFamily.JAPANESE) -> ShiftedText:
    found = read_shifted(data, family)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "codec", "family"),
    [
        ("日本語<a>表</a>\r\n漢字", "iso2022_jp", ShiftFamily.JAPANESE),
        ("ABC 日本\nｱｲｳ", "iso2022_jp_ext", ShiftFamily.JAPANESE_EXTENDED),
        ("丂日本é", "iso2022_jp_1", ShiftFamily.JAPANESE_EXTENDED),
        ("日本 中国汉 한국 x", "iso2022_jp_2", ShiftFamily.JAPANESE_EXTENDED),
        ("日本\n俱𠀋 x", "iso2022_jp_2004", ShiftFamily.JAPANESE_EXTENDED),
        ("안녕하세요 <b>한국</b>\n둘째 줄", "iso2022_kr", ShiftFamily.KOREAN),
        ("中文 ~ <b>汉字</b>\n第二行", "hz", ShiftFamily.HZ),
    ],
)
def test_the_letters_are_those_that_were_written(text: str, codec: str, family: ShiftFamily) -> None:
    assert shifted(text.encode(codec), family).text == text


def test_chinese_letters_are_read_and_rare_ones_stand_for_themselves() -> None:
    data = b"\x1b$)A\x0eVPND\x0f x\n\x1b$)G\x0e!!\x0f \x1b$*H\x1bN!!y\n"
    found = shifted(data, ShiftFamily.CHINESE)
    assert found.text == "中文 x\n\ufffd \ufffdy\n"
    assert found.byte_offsets([0, 2, 3, 4, 5, 6, 7, 8]) == [0, 10, 11, 12, 13, 21, 22, 30]


def test_offsets_of_ascii_stand_after_the_shifts_and_those_of_others_before() -> None:
    data = b"ab\x1b$B4A;z\x1b(Bcd\x1b(J\\~\x1b(B"
    found = shifted(data)
    assert found.text == "ab漢字cd\N{YEN SIGN}\N{OVERLINE}"
    assert found.byte_offsets(list(range(9))) == [0, 1, 2, 7, 12, 13, 17, 18, 22]


def test_what_is_put_in_at_the_end_comes_before_shifts_with_nothing_between_them() -> None:
    """Behind them it would be in doubt, for one of them is a fault that readers may show."""
    data = b"x\x1b(J\x1b(B"
    (end,) = shifted(data).byte_offsets([1])
    assert end == 1
    assert shifted(data[:end] + b"<img>" + data[end:]).text == "x<img>"
    assert read_shifted(data + b"<img>", ShiftFamily.JAPANESE) is None


def test_a_plain_text_has_blanks_for_what_is_shifted_so_that_an_address_ends_there() -> None:
    decoded = decode_text("URLは http://example.com/です。".encode("iso2022_jp"), "iso-2022-jp")
    assert decoded is not None
    assert decoded.text == "URL\u3000 http://example.com/\u3000\u3000\u3000"


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b$B4A",  # does not end in ASCII
        b"\x1b$B4A\n\x1b(Bx",  # a line ends shifted (RFC 1468)
        b"\x1b$B4\x1b(Bx",  # half a character
        b"\x1b$B4A \x1b(Bx",  # a blank among the pairs
        b"\x1b$B4A\xe9\xe9\x1b(Bx",  # eight bits among the pairs
        b"\x1b$B4A\x1b(B\xe9",  # eight bits beside the shifts
        b"\x1b$(D4A\x1b(B",  # an escape that is not of this charset
        b"\x1b(Hx\x1b(B",
        b"\x1b x",
        b"x\x1b",
        b"\x0e4A\x0f",
        b"<\x1b$B\x1b(Ba href=x>",  # the standard's decoder puts U+FFFD after `<`
        b"<\x1b(J\x1b(Ba href=x>",
        b"\x1b(Ia\x1b(B",  # no katakana of seven bits
    ],
)
def test_what_readers_may_take_differently_is_left_alone(data: bytes) -> None:
    assert read_shifted(data, ShiftFamily.JAPANESE) is None
    for html in (True, False):
        assert decode_text(data, "ISO-2022-JP", html=html) is None


@pytest.mark.parametrize(
    ("data", "family"),
    [
        (b"\x0e>H\x0f", ShiftFamily.KOREAN),  # nothing says what SO means
        (b"\x1b$)C\x0e>H\nx\x0f", ShiftFamily.KOREAN),  # RFC 1557: lines end in ASCII
        (b"\x1b$)C\x0e>H", ShiftFamily.KOREAN),
        (b"\x1b$)A\x0eVP\x0f\n\x0eVP\x0f", ShiftFamily.CHINESE),  # RFC 1922: to be said anew in each line
        (b"\x1b$*H\n\x1bN!!", ShiftFamily.CHINESE),
        (b"\x1b$*H\x1bN!", ShiftFamily.CHINESE),
        (b"~{VP", ShiftFamily.HZ),
        (b"~{VP\n~}", ShiftFamily.HZ),
        (b"~{V~}", ShiftFamily.HZ),
        (b"~user", ShiftFamily.HZ),
        (b"<~{~}a href=x>", ShiftFamily.HZ),
        (b"~{VP~}\xe9", ShiftFamily.HZ),
        (b"~\r\n", ShiftFamily.HZ),
    ],
)
def test_in_the_other_charsets_too(data: bytes, family: ShiftFamily) -> None:
    assert read_shifted(data, family) is None


def test_what_never_shifts_is_ascii() -> None:
    for label in ("iso-2022-jp", "iso-2022-kr", "iso-2022-cn", "hz-gb-2312"):
        decoded = decode_text(b"<a href='https://example.com/'>x</a>", label, html=True)
        assert decoded is not None
        assert decoded.byte_offsets([9, 10]) == [9, 10]


def test_a_query_is_written_in_the_one_such_encoding_that_browsers_know_else_in_utf_8() -> None:
    names = {}
    for label in ("iso-2022-jp", "csISO2022JP", "iso-2022-jp-2", "iso-2022-kr", "hz"):
        decoded = decode_text(b"x", label)
        assert decoded is not None
        names[label] = decoded.encoding
    assert set(names.values()) == {"iso-2022-jp", "utf-8"}
    assert [label for label, name in names.items() if name == "iso-2022-jp"] == ["iso-2022-jp", "csISO2022JP"]


SHIFTS = b"$B (B (J (I $@ $)C $)A $*H .A N $(D"
PIECES = st.lists(
    st.sampled_from(
        [
            *(b"\x1b" + escape for escape in SHIFTS.split(b" ")),
            *(b"\x1b", b"\x0e", b"\x0f", b"~{", b"~}", b"~~", b"~\n", b"~", b"4A", b"VPND", b"<a href='"),
            *(b"x", b"\n", b"'>", b"!"),
        ]
    ),
    max_size=20,
).map(b"".join)


@given(PIECES | st.binary(max_size=30), st.sampled_from(ShiftFamily), st.booleans())
@example(b"\x1b$B\x1b(B", ShiftFamily.JAPANESE, False)
def test_offsets_ascend_and_what_is_ascii_leads_to_its_own_byte(
    data: bytes, family: ShiftFamily, blank: bool
) -> None:
    found = read_shifted(data, family, blank=blank)
    if found is None:
        return
    text = found.text
    offsets = found.byte_offsets(list(range(len(text) + 1)))
    assert offsets == sorted(offsets)
    # Behind the last character, there is nothing but shifts.
    behind = read_shifted(data[offsets[-1] :], family, blank=blank)
    assert behind is not None
    assert behind.text == ""
    for character, offset in zip(text, offsets, strict=False):
        if character.isascii():
            assert data[offset] == ord(character)


@given(PIECES)
def test_a_span_between_ascii_characters_can_be_replaced_and_the_rest_reads_the_same(data: bytes) -> None:
    found = read_shifted(data, ShiftFamily.JAPANESE)
    if found is None:
        return
    text = found.text
    at = [index for index, character in enumerate(text) if character.isascii()]
    if len(at) < 2 or "\N{YEN SIGN}" in text or "\N{OVERLINE}" in text:
        return
    (start, end) = at[0], at[-1]
    first, last = found.byte_offsets([start, end])
    changed = read_shifted(data[:first] + b"https://t.example/L1" + data[last:], ShiftFamily.JAPANESE)
    assert changed is not None
    assert changed.text == text[:start] + "https://t.example/L1" + text[end:]
