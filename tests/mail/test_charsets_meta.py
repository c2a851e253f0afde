"""What an HTML text says of its own charset, with and against the header."""

import pytest

from backstamp.mail.charsets.decoding import decode_text
from backstamp.mail.charsets.meta_charset import declared_charset, mentioned_charsets

LINK = b"<a href='https://example.com/?q=%b'>x</a>"


def encoding_of(data: bytes, label: str = "") -> str | None:
    decoded = decode_text(data, label, html=True)
    return None if decoded is None else decoded.encoding


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (b"<meta charset=koi8-r>", "koi8-r"),
        (b"<META CHARSET = 'KOI8-R' />", "koi8-r"),
        (b"<meta/charset=koi8-r>", "koi8-r"),
        (b"<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>", "koi8-r"),
        (b"<meta content='text/html; charset=\"koi8-r\"' http-equiv=content-type>", "koi8-r"),
        (b"<meta content='text/html; charset=koi8-r'>", "utf-8"),
        (b"<meta name=x content='charset=koi8-r'><meta charset=big5>", "big5"),
        (b"<!-- <meta charset=koi8-r> --><meta charset=big5>", "big5"),
        (b"<!--><meta charset=koi8-r> -->", "koi8-r"),
        (b"<p title='<meta charset=koi8-r>'><meta charset=big5>", "big5"),
        (b"<!doctype html <meta charset=koi8-r><meta charset=big5>", "big5"),
        (b"</p <meta charset=koi8-r><meta charset=big5>", "big5"),
        (b"<? x ><meta charset=big5>", "big5"),
        (b"<metal charset=koi8-r>", "utf-8"),
        (b"<meta charset=nonsense><meta charset=big5>", "big5"),
        (b"<meta charset=big5 charset=koi8-r>", "big5"),
        (b"<meta charset=utf-16le>", "utf-8"),
        (b"<meta charset=x-user-defined>", "windows-1252"),
        (b"<?xml version='1.0' encoding='koi8-r'?>", "koi8-r"),
        (b"<?xml version='1.0' encoding='koi8-r'?><meta charset=big5>", "big5"),
        (b"x" * 1010 + b"<meta charset=koi8-r>", "utf-8"),
        (b"", "utf-8"),
    ],
)
def test_without_a_useful_header_the_text_is_read_as_a_browser_reads_it(head: bytes, encoding: str) -> None:
    for label in ("", "x-unknown"):
        assert encoding_of(head + LINK, label) == encoding
    assert encoding_of(head + LINK, "iso-8859-2") == "iso-8859-2"


def test_the_letters_are_read_by_the_declaration_inside() -> None:
    decoded = decode_text("<meta charset=shift_jis>表".encode("shift_jis"), "", html=True)
    assert decoded is not None
    assert decoded.text.endswith("表")


@pytest.mark.parametrize("inner", ["utf-7", "cp037", "x-imap4-modified-utf7", "scsu"])
def test_a_charset_without_ascii_inside_a_text_is_obeyed_by_some(inner: str) -> None:
    for label in ("", "utf-8", "us-ascii"):
        assert encoding_of(b"<meta charset=%b>" % inner.encode() + LINK, label) is None


@pytest.mark.parametrize("inner", ["utf-16", "unicode", "ucs-2", "utf-32"])
def test_utf_16_said_inside_is_no_matter_where_no_byte_is_zero(inner: str) -> None:
    head = b"<meta http-equiv=content-type content='text/html; charset=%b'>" % inner.encode()
    assert encoding_of(head + LINK, "utf-8") == "utf-8"
    assert encoding_of(head + LINK + b"<\0a\0", "utf-8") is None


@pytest.mark.parametrize(
    ("inner", "label"),
    [
        ("gb2312", "utf-8"),
        ("iso-8859-1", "utf-8"),
        ("utf-8", "iso-8859-1"),
        ("shift_jis", "utf-8"),
        ("utf-8", "gbk"),
        ("iso-2022-jp", "utf-8"),
        ("hz-gb-2312", "utf-8"),
        ("johab", "utf-8"),
        ("x-nonsense", "utf-8"),
    ],
)
def test_the_header_wins_where_the_markup_is_the_same_to_both(inner: str, label: str) -> None:
    letters = "中文é".encode({"gbk": "gb18030"}.get(label, label), "ignore")
    data = b"<meta charset=%b>" % inner.encode() + letters + LINK
    assert encoding_of(data, label) == {"iso-8859-1": "windows-1252"}.get(label, label)


@pytest.mark.parametrize(
    ("inner", "hidden"),
    [
        ("hz-gb-2312", b"<img alt='~{'!~} x='><a href=https://evil.example/>x</a>'>"),
        ("hz-gb-2312", b"<~\na href=https://evil.example/>x</a>"),
        ("hz-gb-2312", b"~user"),
        ("iso-2022-jp", b"<img alt='\x1b$B'!\x1b(B x='><a href=https://evil.example/>x</a>'>"),
        ("iso-2022-kr", b"\x1b$)C<img alt='\x0e'!\x0f x='><a href=https://evil.example/>x</a>'>"),
        ("iso-2022-kr", b"\x0e''\x0f"),
        ("johab", b"<img alt='\xd9' x='><a href=https://evil.example/>x</a>'>"),
        ("shift_jis", b"<svg><![CDATA[\x81]]><a title=']]><a xlink:href=https://evil.example/>x</a>'>"),
    ],
)
def test_the_strictest_decides_where_the_markup_differs(inner: str, hidden: bytes) -> None:
    assert encoding_of(b"<meta charset=%b>" % inner.encode() + hidden, "utf-8") is None


def test_what_a_simple_reader_finds_in_a_comment_counts_as_its_charset() -> None:
    assert encoding_of(b"<!-- charset=utf-7 -->" + LINK, "utf-8") is None
    assert [charset.encoding for charset in mentioned_charsets(b"<!-- charset = 'big5' encoding=big5")] == [
        "big5"
    ]


def test_markup_behind_a_name_is_no_part_of_it_so_that_a_pixel_put_there_changes_nothing() -> None:
    for behind in (b"", b"<img src=x>", b" <img>", b"></p>"):
        (charset,) = mentioned_charsets(b"<p>charset=iso-2022-jp" + behind)
        assert charset.encoding == "iso-2022-jp"
    assert encoding_of(b"<p>charset=big5<img src=x>" + LINK % b"x") == "utf-8"


@pytest.mark.parametrize("data", [b"<\0?\0x\0m\0l\0", b"\0<\0?\0x\0m\0l"])
def test_an_xml_declaration_in_utf_16_is_seen(data: bytes) -> None:
    found = declared_charset(data)
    assert found is not None
    assert found.encoding == "utf-16le"
    assert encoding_of(data) is None


def test_a_plain_text_declares_nothing() -> None:
    decoded = decode_text(b"<meta charset=utf-7> http://example.com/", "utf-8")
    assert decoded is not None
