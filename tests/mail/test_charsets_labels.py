"""Every label that the WHATWG list or Python knows: a link is changed alone, or the part is left alone."""

import sys
from collections import Counter
from pathlib import Path

import pytest

from backstamp.mail.charsets.charset_labels import UNDECLARED, WIDE, CharsetKind, charset_for, codec_of_unsafe
from backstamp.mail.charsets.decoding import decode_text
from backstamp.mail.encodings.transfer import decode_payload
from backstamp.mail.structure import StructureLimits, parse_structure
from backstamp.rewriting import Direction, Options, SkipReason, plan
from tests.mail.charset_samples import PYTHONS, STANDARD, letters_in
from tests.rewriting.messages import message
from tests.rewriting.sealers import FixedSealer

URL = b"https://example.com/a"
SEALED = FixedSealer().link(1, "").encode()
EVERY = sorted({*PYTHONS, *(label for labels in STANDARD.values() for label in labels)})
INBOUND = Options(direction=Direction.INBOUND, opens=False)


def html_in(label: str) -> bytes:
    letters = letters_in(label)
    return b'<p title="%b">%b <a href="%b">%b</a>.</p>\n' % (letters, letters, URL, letters)


def decoded_body(raw: bytes) -> bytes:
    part = parse_structure(raw, StructureLimits())
    return decode_payload(raw, part.body_start, part.end, part.cte).data


def test_the_standards_list_is_whole() -> None:
    assert sum(map(len, STANDARD.values())) == 228


def test_the_document_says_how_many_labels_are_of_each_kind() -> None:
    standard = {label for labels in STANDARD.values() for label in labels}
    further = set(PYTHONS) - standard
    columns = [standard, further] if sys.version_info[:2] == (3, 11) else [standard]
    text = (Path(__file__).parents[2] / "docs/manifest.md").read_text(encoding="utf-8")
    rows = text.partition("## Charsets")[2].split("\n|")[3:9]
    kinds = [*(CharsetKind(name) for name in ("single", "utf8", "multi", "stateful", "unsafe")), "none"]
    for number, labels in enumerate(columns, 1):
        charsets = map(charset_for, labels)
        found = Counter("none" if charset is UNDECLARED else charset.kind for charset in charsets)
        assert [int(row.split("|")[number]) for row in rows] == [found[kind] for kind in kinds]


@pytest.mark.parametrize("cte", ["8bit", "quoted-printable", "base64"])
def test_in_every_charset_a_link_is_changed_alone_or_left_alone_with_a_reason(cte: str) -> None:
    for label in EVERY:
        raw = message(html_in(label), f'text/html; charset="{label}"', cte)
        planned = plan(raw, INBOUND)
        rewritten = planned.apply(FixedSealer()).raw
        assert planned.manifest.skip_reason is not SkipReason.FAILED, label
        if not planned.links:
            assert {report.skip_reason for report in planned.manifest.parts} == {SkipReason.UNSAFE_CHARSET}, (
                label
            )
            assert rewritten == raw, label
            continue
        assert [link.url for link in planned.links] == [URL.decode()], label
        assert decoded_body(rewritten) == decoded_body(raw).replace(URL, SEALED), label
        if cte == "8bit":
            assert rewritten == raw.replace(URL, SEALED), label


@pytest.mark.parametrize("html", [True, False])
def test_in_every_charset_the_letters_read_the_same_after_the_change(html: bool) -> None:
    for label in EVERY:
        body = html_in(label)
        before = decode_text(body, label, html=html)
        after = decode_text(body.replace(URL, SEALED), label, html=html)
        assert (before is None) == (after is None) == (charset_for(label).kind is CharsetKind.UNSAFE), label
        if before is not None and after is not None:
            assert after.text == before.text.replace(URL.decode(), SEALED.decode()), label


@pytest.mark.parametrize(("name", "labels"), STANDARD.items())
def test_a_label_of_the_standard_means_the_standards_encoding(name: str, labels: list[str]) -> None:
    for label in labels:
        charset = charset_for(f" {label.upper()}\t")
        if name == "replacement":
            assert charset.kind is CharsetKind.STATEFUL or label == "replacement"
        elif name.startswith("utf-16"):
            assert charset is WIDE
        else:
            assert charset.encoding == name
            assert charset.agreed


@pytest.mark.parametrize(
    "label",
    [
        *("utf-7", "UTF7", "utf_7", "u7", "csUTF7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7", "utf-7-imap"),
        *("imap-mailbox-name", "utf-7\0x", "utf-16", "ucs-2", "utf-32be", "iso-10646-ucs-4", "unicode"),
        *("cp1200", "cp65000", "ebcdic-cp-us", "ibm1047", "IBM-1047", "cp037", "cp1140", "utf-ebcdic"),
        *(
            "scsu",
            "BOCU-1",
            "compound_text",
            "iso-2022-int-1",
            "cp864",
            "punycode",
            "unicode_escape",
            "utf-1",
        ),
    ],
)
def test_what_writes_ascii_otherwise_is_unsafe_by_whatever_name(label: str) -> None:
    assert charset_for(label).kind is CharsetKind.UNSAFE


@pytest.mark.parametrize(
    "label",
    ["", "x-unknown", "none", "8bit", "replacement", "undefined", "base64", "mbcs", "é", "a" * 99, "\0"],
)
def test_a_label_that_nobody_knows_counts_as_none(label: str) -> None:
    assert charset_for(label) is UNDECLARED


def test_a_long_label_is_read_without_what_stands_around_it() -> None:
    assert charset_for(" " * 99 + "utf-7" + " " * 99).kind is CharsetKind.UNSAFE


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF-7", "utf_7"),
        (" 'cp037'", "cp037"),
        ("utf-8", ""),
        ("utf-7-imap", ""),
        ("punycode", ""),
        ("idna", ""),
    ],
)
def test_what_programs_may_read_has_a_codec_and_what_only_python_knows_has_none(
    label: str, codec: str
) -> None:
    """Punycode took 5 s of 300 KB, and a mail may be a hundred times as long."""
    assert codec_of_unsafe(label) == codec
