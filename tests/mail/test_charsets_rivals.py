"""Bytes that two readers take differently: where one may see a link that the other does not, hands off."""

import re

import pytest
import turbohtml
from hypothesis import given
from hypothesis import strategies as st

from backstamp.mail.charsets.charset_labels import UNDECLARED, CharsetKind, charset_for
from backstamp.mail.charsets.decoded_text import read_as
from backstamp.mail.charsets.decoding import decode_text
from backstamp.mail.charsets.meta_charset import mentioned_charsets
from backstamp.mail.charsets.rival_readings import disagree, swallowed

LINK = b"<a href='https://evil.example/'>x</a>"


def is_patched(data: bytes, label: str, *, html: bool = True) -> bool:
    return decode_text(data, label, html=html) is not None


@pytest.mark.parametrize("label", ["shift_jis", "big5", "gbk", "gb18030", "euc-jp", "euc-kr", "cp950"])
@pytest.mark.parametrize(
    "data",
    [
        b'<img alt="%b" title="><a href=https://evil.example/>x</a>">',
        b"<img alt='%b' title='><a href=https://evil.example/>x</a>'>",
        b'%b<img alt="><a href=https://evil.example/>x</a>">',
        b"<style>%b</style><!-- --><p>" + LINK + b"<style></style>--></style>",
        b"<!--%b--> <!-- >" + LINK + b"-->",
    ],
)
def test_a_first_byte_before_markup_ends_or_swallows_it(label: str, data: bytes) -> None:
    lead = b"\x81" if label != "euc-jp" else b"\xa4"
    broken = data % lead
    charset = charset_for(label)
    ours = read_as(broken, charset, html=True)
    assert ours is not None
    theirs = swallowed(broken, charset.encoding)
    differs = disagree(broken, ours, theirs, html=True, shifted=False)
    assert is_patched(broken, label) is not differs
    if not data.startswith((b"<style", b"<!--")):
        assert differs


@pytest.mark.parametrize("label", ["shift_jis", "gbk", "big5", "euc-kr"])
def test_a_text_that_was_cut_within_a_character_is_patched_where_it_makes_no_difference(label: str) -> None:
    assert is_patched(b"<td title='x\x81'>\xb0\xa1\x81</td><td>" + LINK + b"\x81</td>", label)


def test_a_reader_who_does_not_know_the_charset_sees_what_is_shifted() -> None:
    hidden = b"~{<a/href=https://evil.example/>xx~}"
    assert len(hidden) % 2 == 0
    assert not is_patched(hidden + LINK, "hz-gb-2312")
    assert is_patched(b"~{VPND~}" + LINK, "hz-gb-2312")
    assert not is_patched(b"\x1b$)C\x0e" + hidden[2:-2] + b"\x0f", "iso-2022-kr")
    assert not is_patched(b"~{www.evil.example/~}", "hz", html=False)
    assert is_patched(b"~{VPND~}www.example.com", "hz", html=False)


def test_bytes_of_kanji_that_look_like_a_tag_do_no_harm_where_they_hide_no_link() -> None:
    assert is_patched("안녕하세요 <p>세상</p>".encode("iso2022_kr") + LINK, "iso-2022-kr")
    assert is_patched(b"~{<aVP~}</p>" + LINK, "hz-gb-2312")


def test_katakana_of_seven_bits_spell_a_tag_to_those_who_do_not_know_its_shift() -> None:
    assert not is_patched(b"\x1b(I<A/HREF=HTTP://EVIL.EXAMPLE/>X\x1b(B", "iso-2022-jp")
    assert is_patched(b"\x1b(I123\x1b(B" + LINK, "iso-2022-jp")


def test_shifts_in_a_text_that_is_declared_otherwise_are_read_by_those_who_guess() -> None:
    japanese = "日本語 ".encode("iso2022_jp") + LINK
    for label in ("", "us-ascii", "utf-8", "shift_jis", "x-unknown"):
        assert is_patched(japanese, label)
    found_by_its_shifts = b'<img alt="\x1b$B"!\x1b(B x="><a href=https://evil.example/>x</a>">'
    for label in ("utf-8", "shift_jis"):
        assert not is_patched(found_by_its_shifts, label)
    for label in ("", "us-ascii"):
        assert is_patched(found_by_its_shifts, label)
    found_without = b"\x1b$B<a/href=https://evil.example/>xx\x1b(B"
    for label in ("", "us-ascii", "utf-8"):
        assert not is_patched(found_without, label)
    assert not is_patched(b"\x1b$Bhttps://evil.example/xx\x1b(B", "utf-8", html=False)
    assert not is_patched(b"<\x1b(Ba href='https://evil.example/'>x</a>", "utf-8")
    assert not is_patched(b"<\x1b$B\x1b(Ba href='https://evil.example/'>x</a>", "us-ascii")
    assert is_patched(b"\x1b[31mred\x1b[0m https://example.com/", "us-ascii", html=False)


def test_an_undeclared_japanese_text_is_read_by_its_shifts() -> None:
    decoded = decode_text("日本語https://example.com/".encode("iso2022_jp"), "", html=True)
    assert decoded is not None
    assert decoded.text == "日本語https://example.com/"
    assert decoded.encoding == "iso-2022-jp"


@pytest.mark.parametrize(
    "mark", [b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"\xff\xfe\0\0", b"+/v8-", b"+/v9", b"+/v+", b"+/v/"]
)
def test_a_mark_of_utf_16_32_or_7_is_believed_before_any_declaration(mark: bytes) -> None:
    for label in ("utf-8", "us-ascii", "", "shift_jis", "iso-2022-jp"):
        assert not is_patched(mark + LINK, label)


def test_a_mark_of_utf_8_wins_over_the_header_and_yet_some_obey_the_header() -> None:
    decoded = decode_text(b"\xef\xbb\xbf\xc3\xa9" + LINK, "gbk", html=True)
    assert decoded is not None
    assert decoded.text.startswith("é<a")
    # To those who read two bytes, the section goes on behind `\xe9]`.
    section = b"<svg><![CDATA[\xe9]]><a title=']]><a xlink:href=https://evil.example/>x</a>'>"
    assert not is_patched(b"\xef\xbb\xbf" + section, "gbk")
    assert is_patched(b"\xef\xbb\xbf" + section, "iso-8859-1")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_undeclared_utf_16_without_a_mark_is_left_alone(codec: str) -> None:
    assert not is_patched(LINK.decode().encode(codec), "")
    assert not is_patched("https://evil.example/".encode(codec), "", html=False)


@pytest.mark.parametrize("longer", [b"\xc0\xbc", b"\xe0\x80\xbc", b"\xf0\x80\x80\xbc", b"\xc0\xa2"])
def test_longer_forms_of_markup_than_utf_8_allows_are_markup_to_some(longer: bytes) -> None:
    assert not is_patched(longer + b"a href=https://evil.example/>x", "utf-8")
    assert is_patched(b"\xc0\xaf \xe0\x80\xaf" + LINK, "utf-8")


def test_a_bracket_after_a_foreign_byte_ends_a_section_for_some_only() -> None:
    # To those who read one byte, the section ends at once and the link is a title.
    single_hides = b"<svg><![CDATA[\x81]]><a title=']]><a xlink:href=https://evil.example/>x</a>'>"
    # To those who read two, the section goes on.
    double_hides = b"<svg><![CDATA[\x81]]><a xlink:href=https://evil.example/>x</a>"
    for label in ("", "x-unknown"):
        assert not is_patched(single_hides, label)
        assert is_patched(double_hides, label)
    for label, lead in (("cp950", b"\xa4"), ("gbk", b"\x81"), ("shift_jis", b"\x83")):
        assert is_patched(single_hides.replace(b"\x81", lead), label)
        assert not is_patched(double_hides.replace(b"\x81", lead), label)
    assert is_patched(single_hides, "windows-1252")
    assert is_patched(b"<!--[if mso]><p>\xb0\xa1]</p><![endif]-->" + LINK, "")


def test_a_link_of_ours_alone_is_patched_where_its_letters_mean_nothing_to_the_other() -> None:
    assert is_patched(b"\x81<a href='https://example.com/'>x</a>", "shift_jis")
    assert not is_patched(b"\x81<a href='https://example.com/<b>'>x</a>", "shift_jis")
    assert not is_patched(b'\x81<a href="https://example.com/\'">x</a>', "shift_jis")


def test_comments_that_outlook_reads_are_compared_where_they_stand_once() -> None:
    comment = b"<!--[if mso]><a href='https://example.com/'>\xb0\xa1</a><![endif]-->"
    assert is_patched(comment + b"\xb0\xa1]\x81", "gbk")
    assert not is_patched(comment + b"<style>" + comment + b"</style>\x81", "gbk")
    assert not is_patched(comment.replace(b"mso", b"mso\x81") * 2, "gbk")


def test_a_thousand_such_comments_are_not_searched_for_in_megabytes() -> None:
    comments = b"".join(b"<!--[if mso]>%d<![endif]-->" % number for number in range(900))
    assert not is_patched(comments + b"x" * 1_000_000 + b"\x81", "gbk")


def test_johab_is_read_truly_because_its_second_bytes_may_be_markup() -> None:
    assert b"\xd9<".decode("johab") == "＼"
    assert is_patched("한국어 ".encode("johab") + LINK, "johab")
    assert is_patched(b"\xd9<" + LINK, "johab")
    assert not is_patched(b"\xd9<a href=https://evil.example/>x</a>", "johab")
    assert not is_patched(b"\x84'", "johab")


READERS = st.sampled_from(
    ["shift_jis", "gbk", "big5", "euc-kr", "cp950", "hz", "iso-2022-kr", "johab", "us-ascii", "utf-8", ""]
)
MARKUP = b"""<a href='https://evil.example/1'>|a href=https://evil.example/2>|</a>|<img alt='|<img alt="|'|"|>
<|<!--|-->|<style>|</style>|<svg><![CDATA[|]]>|/|x|=|~{|~}|~{VP~}|<meta charset=hz>|<meta charset=johab>
<meta charset=big5>|<meta charset=iso-2022-jp>|<!--[if mso]>|<![endif]-->"""
PIECES = st.lists(
    st.sampled_from(
        [
            *re.split(rb"[|\n]", MARKUP),
            *(b"~\n", b" ", b"\x81", b"\xa4", b"\xb0\xa1", b"\x1b$)C", b"\x0e", b"\x0f", b"\x0e>H\x0f"),
            *(b"\x1b$B", b"\x1b(B", b"\x1b(I"),
        ]
    ),
    max_size=16,
).map(b"".join)


@given(PIECES, READERS)
def test_no_reader_finds_an_untouched_link_in_what_was_changed(data: bytes, label: str) -> None:
    decoded = decode_text(data, label, html=True)
    if decoded is None or "\r" in decoded.text:
        return
    tree = turbohtml.parse(decoded.text, source_locations=True, positions=False)
    spans = [
        span
        for element in tree.select("[href]")
        if element.source_location is not None
        for name, span in element.source_location.attrs.items()
        if name == "href"
    ]
    changed = data
    for start, end in sorted(
        (tuple(decoded.byte_offsets([span.start_offset, span.end_offset])) for span in spans), reverse=True
    ):
        value = re.compile(rb"[^\s=]+\s*=\s*([\"']?)(.*)\1", re.DOTALL).fullmatch(data, start, end)
        if value is not None:
            changed = changed[: value.start(2)] + b"https://safe.example/x" + changed[value.end(2) :]
    assert decode_text(changed, label, html=True) is not None
    charset = charset_for(label)
    others = mentioned_charsets(data)
    if not charset.agreed:
        others.append(UNDECLARED)
    if not label:
        others += [charset_for(guess) for guess in ("gbk", "shift_jis", "big5", "euc-kr", "utf-8")]
    readings = [read_as(changed, each, html=True) for each in (charset, *others)]
    if charset.codec.startswith("whatwg-") and charset.kind is CharsetKind.MULTI:
        readings.append(swallowed(changed, charset.encoding))
    for reading in readings:
        if reading is not None:
            links = [element.attr("href") or "" for element in turbohtml.parse(reading.text).select("[href]")]
            assert not any(link.startswith("https://evil.example") for link in links)


@pytest.mark.parametrize(
    "inner",
    [
        # Kanji to a reader who guesses ISO-2022-JP; a link in them would be replaced.
        b"\x1b$B<a/href=https://e.example/>>\x1b(B",
        # A comment to us alone, in which his link stands.
        b"\x1b$B<!--\x1b(B<a href=https://e.example/>x</a>",
    ],
)
def test_a_document_in_a_utf8_document_that_holds_shifts_is_left_alone(inner: bytes) -> None:
    assert decode_text(b'<iframe srcdoc="' + inner + b'">', "utf-8", html=True) is None


def test_a_document_in_a_document_beside_shifts_is_read() -> None:
    data = b"<p>\x1b$B!!\x1b(B</p><iframe srcdoc='<a href=https://e.example/>x</a>'>"
    assert decode_text(data, "utf-8", html=True) is not None
