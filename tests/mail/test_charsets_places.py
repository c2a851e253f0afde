"""The way from characters back to bytes, for every kind of charset and for any bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.mail.charsets.decoding import decode_text

LABELS = [
    *("", "utf-8", "us-ascii", "iso-8859-15", "windows-1251", "koi8-u", "windows-874", "x-user-defined"),
    *("cp437", "big5", "euc-jp", "euc-kr", "gb18030", "gbk", "shift_jis", "cp950", "johab", "shift_jis_2004"),
    *("euc_jis_2004", "iso-2022-jp", "iso-2022-jp-2", "iso-2022-kr", "iso-2022-cn", "hz-gb-2312"),
]
NEAR_TEXT = st.lists(
    st.sampled_from(
        [
            *(b"<", b">", b'"', b"'", b"=", b" ", b"\r\n", b"http://example.com/", b"<a href='", b"a", b"0"),
            *(b"~", b"\x81", b"\x82\xa0", b"\x95\x5c", b"\x81\x30\x81\x30", b"\x81\x30\x81", b"\x8f\xa2"),
            *(b"\x8e\xb1", b"\x88\x62", b"\x88\xa5", b"\xc3\xa9", b"\xe3\x81", b"\xf0\x9f\x98\x80"),
            *(b"\xf0\x9f", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xc0\xaf", b"\xff", b"\xfe", b"\x80"),
            *(b"\x1b$B4A\x1b(B", b"\x0e>H\x0f", b"~{VP~}"),
        ]
    ),
    max_size=25,
).map(b"".join)


@given(NEAR_TEXT | st.binary(max_size=60), st.sampled_from(LABELS), st.booleans())
def test_offsets_ascend_and_a_run_of_ascii_is_its_own_bytes(data: bytes, label: str, html: bool) -> None:
    decoded = decode_text(data, label, html=html)
    if decoded is None:
        return
    text = decoded.text
    offsets = decoded.byte_offsets(list(range(len(text) + 1)))
    assert offsets == sorted(offsets)
    assert offsets[-1] == len(data)
    for character, start in zip(text, offsets, strict=False):
        if character.isascii():
            assert data[start : start + 1] == character.encode()


@given(NEAR_TEXT, st.sampled_from(LABELS), st.data())
def test_any_two_offsets_alone_are_the_same_as_among_all(
    data: bytes, label: str, choice: st.DataObject
) -> None:
    decoded = decode_text(data, label)
    if decoded is None:
        return
    every = decoded.byte_offsets(list(range(len(decoded.text) + 1)))
    wanted = sorted(choice.draw(st.lists(st.integers(0, len(decoded.text)), min_size=1, max_size=3)))
    if "\u0304" not in decoded.text and "\u030c" not in decoded.text:
        assert decoded.byte_offsets(wanted) == [every[offset] for offset in wanted]


@pytest.mark.parametrize(
    ("label", "data", "text", "offsets"),
    [
        ("shift_jis", b"\x95\x5c\x83\x5c<a\xb1>", "表ソ<aｱ>", [0, 2, 4, 5, 6, 7, 8]),
        ("shift_jis", b'\x81"\x81', '\ufffd"\ufffd', [0, 1, 2, 3]),
        ("big5", b"\xb3\x5c\xa5\x5c|", "許功|", [0, 2, 4, 5]),
        ("big5", b"\x88\x62<", "\u00ca\u0304<", [0, 2, 2, 3]),
        ("gbk", b"\x80\x81\x5c\x81\x30x", "€乗\ufffd0x", [0, 1, 3, 4, 5, 6]),
        ("gb18030", b"\x94\x39\xfc\x36<", "😀<", [0, 4, 5]),
        ("gb18030", b"\x81\x30\x81", "\ufffd", [0, 3]),
        ("gb18030", b"\x81\x30\x81<", "\ufffd0\ufffd<", [0, 1, 2, 3, 4]),
        ("euc-jp", b"\x8e\xb1\x8f\xb0\xa1\xb0\xa1<", "ｱ丂亜<", [0, 2, 5, 7, 8]),
        ("euc-kr", b"\x8c\x63\xb0\xa1<", "똠가<", [0, 2, 4, 5]),
        ("johab", "한<".encode("johab"), "한<", [0, 2, 3]),
        (
            "utf-8",
            b"\xe3\x81<\xc0\xaf\xed\xa0\x80\xf0\x9f\x98",
            "\ufffd<" + "\ufffd" * 6,
            [0, 2, 3, 4, 5, 6, 7, 8, 11],
        ),
        ("utf-8", b"\xef\xbb\xbf<\xc3\xa9>", "<é>", [3, 4, 6, 7]),
        ("us-ascii", b"\xef\xbb\xbf<\xc3\xa9>", "<é>", [3, 4, 6, 7]),
        ("us-ascii", b"\x93quoted\x94\x81", "“quoted”\x81", list(range(10))),
        ("x-user-defined", b"\x80\xff", "\uf780\uf7ff", [0, 1, 2]),
        ("windows-874", b"\xdb\xa1", "\ufffdก", [0, 1, 2]),
    ],
)
def test_characters_are_those_of_the_standards_decoders(
    label: str, data: bytes, text: str, offsets: list[int]
) -> None:
    decoded = decode_text(data, label)
    assert decoded is not None
    assert decoded.text == text
    assert decoded.byte_offsets(list(range(len(text) + 1))) == offsets


@pytest.mark.parametrize(
    ("label", "encoding"),
    [
        ("", "utf-8"),
        ("utf8", "utf-8"),
        ("latin1", "windows-1252"),
        ("us-ascii", "windows-1252"),
        ("iso-8859-9", "windows-1254"),
        ("gb2312", "gbk"),
        ("ms936", "gbk"),
        ("cp437", "utf-8"),
        ("johab", "utf-8"),
        ("x-user-defined", "x-user-defined"),
    ],
)
def test_the_encoding_that_counts_for_urls_is_named_as_the_standard_does(label: str, encoding: str) -> None:
    decoded = decode_text(b"x", label)
    assert decoded is not None
    assert decoded.encoding == encoding


def test_an_address_glued_to_half_a_character_is_seen_in_a_plain_text_whose_charset_is_doubtful() -> None:
    text = "サイトhttp://example.com/".encode("shift_jis")
    for label in ("us-ascii", "iso-8859-1", "utf-8", "", "x-unknown"):
        decoded = decode_text(text, label)
        assert decoded is not None
        start = decoded.text.index("http")
        assert decoded.text[start - 1] == "\ufffd"
        assert decoded.byte_offsets([start]) == [6]
    html = decode_text(text, "us-ascii", html=True)
    assert html is not None
    assert "ghttp" in html.text


def test_megabytes_of_broken_characters_are_read_in_time_that_grows_with_their_length() -> None:
    for label, unit in [
        ("gb18030", b"\x81\x30\x81<"),
        ("shift_jis", b"\x81"),
        ("utf-8", b"\xf0\x9f\x98"),
        ("euc-jp", b"\x8f\xa1"),
        ("iso-2022-jp", b"\x1b$B4A\x1b(B "),
        ("hz-gb-2312", b"~{VP~} "),
    ]:
        data = unit * 200_000
        decoded = decode_text(data, label, html=True)
        if decoded is not None:
            size = len(decoded.text)
            found = decoded.byte_offsets(list(range(0, size, max(1, size // 1000))))
            assert found == sorted(found)
