"""Charsets: which are read, which are left alone, and the way back to bytes."""

import encodings
import pkgutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.mail.charsets.charset_labels import CharsetKind, charset_for
from backstamp.mail.charsets.decoding import decode_text


@pytest.mark.parametrize("wide", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["x<a href=//e.example>", "x http://e.example/", "x www.\u0436.example"])
def test_a_link_in_undeclared_utf16_or_utf32_is_not_patched(text: str, wide: str) -> None:
    assert decode_text(text.encode(wide), "", html=True) is None
    assert decode_text(text.encode(wide), "") is None


def test_a_nul_in_undeclared_text_does_not_make_it_wide() -> None:
    """As it may come to stand before a pixel of ours, which has to be read back."""
    for data in (b"x\0<img src=https://e.example/>", b"<p>\0:", b"a.\0b"):
        decoded = decode_text(data, "", html=True)
        assert decoded is not None
        assert decoded.text == data.decode()


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("UTF-8", CharsetKind.UTF8),
        ("utf_8", CharsetKind.UTF8),
        ("utf", CharsetKind.UTF8),
        ("cp65001", CharsetKind.UTF8),
        ("utf-8-sig", CharsetKind.UTF8),
        ("ms936", CharsetKind.MULTI),
        ("cp950", CharsetKind.MULTI),
        ("johab", CharsetKind.MULTI),
        ("us-ascii", CharsetKind.SINGLE),
        ("ISO-8859-15", CharsetKind.SINGLE),
        ("windows-1251", CharsetKind.SINGLE),
        ("koi8-r", CharsetKind.SINGLE),
        ("Shift_JIS", CharsetKind.MULTI),
        ("gb2312", CharsetKind.MULTI),
        ("big5", CharsetKind.MULTI),
        ("euc-kr", CharsetKind.MULTI),
        ("nobody-knows-it", CharsetKind.SINGLE),
        ("rot13", CharsetKind.SINGLE),
        ("zip", CharsetKind.SINGLE),
        ("a\0b", CharsetKind.SINGLE),
        ("utf-7", CharsetKind.UNSAFE),
        ("UTF-16LE", CharsetKind.UNSAFE),
        ("utf-32", CharsetKind.UNSAFE),
        ("iso-2022-jp", CharsetKind.STATEFUL),
        ("hz-gb-2312", CharsetKind.STATEFUL),
        ("cp037", CharsetKind.UNSAFE),
        ("ibm1026", CharsetKind.UNSAFE),
        ("idna", CharsetKind.UNSAFE),
        ("unicode_escape", CharsetKind.UNSAFE),
    ],
)
def test_only_charsets_in_which_ascii_bytes_are_ascii_are_patched(label: str, kind: CharsetKind) -> None:
    assert charset_for(label).kind is kind


def test_undeclared_text_is_utf8_where_it_can_be_and_windows_1252_where_not() -> None:
    utf8 = decode_text("é".encode(), "")
    other = decode_text(b"\xe9\x80", "")
    assert utf8 is not None
    assert utf8.text == "é"
    assert other is not None
    assert other.text == "é€"


NAMES = sorted({module.name for module in pkgutil.iter_modules(encodings.__path__)})
pieces = st.lists(st.sampled_from([b"\\u0041", b"&", b"\xe9"])).map(b"".join)


@pytest.mark.parametrize("label", ["raw_unicode_escape", "raw-unicode-escape", "unicode_escape", "punycode"])
def test_a_codec_that_only_python_knows_is_not_patched(label: str) -> None:
    assert charset_for(label).kind is CharsetKind.UNSAFE


@given(st.sampled_from(NAMES), st.binary(max_size=40) | pieces)
def test_a_single_byte_charset_makes_one_character_of_each_byte(label: str, raw: bytes) -> None:
    charset = charset_for(label)
    if charset.kind is CharsetKind.SINGLE:
        assert len(raw.decode(charset.codec, "surrogateescape")) == len(raw)
