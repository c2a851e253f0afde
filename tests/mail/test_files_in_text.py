"""Files in plain text: uuencoded, or in yEnc."""

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.mail.encodings.files_in_text import holds_file, uuencoded_blocks


def encoded(data: bytes, newline: str = "\n") -> str:
    lines = [binascii.b2a_uu(data[at : at + 45]).decode().rstrip("\n") for at in range(0, len(data), 45)]
    return newline.join(["begin 644 a b.html", *lines, "`", "end"])


@given(st.binary(min_size=1, max_size=400), st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_file_is_found_from_its_begin_to_its_end(data: bytes, newline: str) -> None:
    file = encoded(data, newline)
    text = f"before{newline}{file}{newline}after{newline}"
    assert holds_file(text)
    ((start, end),) = uuencoded_blocks(text)
    assert text[start:end] == file


def test_several_files_are_found_in_order() -> None:
    text = f"{encoded(b'one')}\nbetween\n{encoded(b'two')}\n"
    assert [text[start:end][:5] for start, end in uuencoded_blocks(text)] == ["begin", "begin"]


def test_a_file_without_an_end_goes_as_far_as_its_lines_do() -> None:
    file = encoded(b"x" * 90).removesuffix("`\nend")
    text = f"{file}and so on\n"
    assert [text[start:end] for start, end in uuencoded_blocks(text)] == [file]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "begin 644 is how it begins\nand goes on\n",
        "begin 644 a\n",
        "begin 644 a\n\n",
        "begin 644 a\nend\n",
        "begin now\n#0V%T\n`\nend\n",
        "we begin 644 a\n#0V%T\n`\nend\n",
        "begin 644 a\nSHOUTING IN A LINE WITHOUT SENSE\n",
        "> begin 644 a\n> #0V%T\n> `\n> end\n",
    ],
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert uuencoded_blocks(text) == []
    assert not holds_file(text)


@pytest.mark.parametrize(
    "text",
    [
        "begin 644 a.html\n#pal\n",
        "x\r\nbegin 0644 my letter.html \r\n\r\nany words at all\r\n",
        "begin 644 a.html\n" + "junk\n" * 100 + "#0v%t\n",
        "begin 644 a.html\n#0v%t and more\n",
        "=ybegin line=128 size=3 name=a.html\n\x8d\x8b\x9e\n=yend size=3\n",
        "x\n=ybegin line= size= name=",
    ],
)
def test_a_file_that_a_program_names_is_one_whatever_its_lines_look_like(text: str) -> None:
    assert holds_file(text)
    assert uuencoded_blocks(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "begin 644 a.html\n",
        "begin 644 a.html\nend\n",
        "we =ybegin line=128 size=3 name=a.html\n",
        "=ybegin part=1 line=128 size=3 name=a.html\n",
    ],
)
def test_a_name_without_data_is_no_file(text: str) -> None:
    assert not holds_file(text)
