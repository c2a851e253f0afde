"""The bounds of the part tree, each tried on both sides."""

import pytest

from backstamp.mail.content import MAX_FIELD_BYTES
from backstamp.mail.defects import Defect
from backstamp.mail.multipart import TooManyPartsError
from backstamp.mail.structure import Part, StructureLimits, parse_structure


def parts(number: int) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * number + b"--b--\n"


def test_as_many_parts_as_allowed_are_read_and_one_more_is_too_many() -> None:
    limits = StructureLimits(parts=10)
    assert len(parse_structure(parts(9), limits).children) == 9
    with pytest.raises(TooManyPartsError):
        parse_structure(parts(10), limits)


def test_parts_count_through_all_levels() -> None:
    nested = b"Content-Type: multipart/mixed; boundary=a\n\n" + (b"--a\n" + parts(4)) * 2 + b"--a--\n"
    assert len(parse_structure(nested, StructureLimits(parts=11)).children) == 2
    with pytest.raises(TooManyPartsError):
        parse_structure(nested, StructureLimits(parts=10))


def nested(levels: int) -> bytes:
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=b%dz\n\n--b%dz\n" % (level, level)
        for level in range(levels)
    )


@pytest.mark.parametrize(
    "make", [nested, lambda levels: b"Content-Type: message/rfc822\n\n" * levels], ids=["parts", "messages"]
)
def test_as_deep_as_allowed_is_read_and_one_deeper_is_a_defect(make: object) -> None:
    assert callable(make)
    limits = StructureLimits(depth=5)
    deepest = _deepest(parse_structure(make(5) + b"\nx", limits))
    assert (deepest.path.count("."), deepest.media_type) == (5, "text/plain")
    deepest = _deepest(parse_structure(make(6) + b"\nx", limits))
    assert deepest.path.count(".") == 5
    assert Defect.TOO_DEEP in deepest.defects


def _deepest(part: Part) -> Part:
    return _deepest(part.children[0]) if part.children else part


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_a_header_as_long_as_allowed_is_read_and_a_longer_one_is_a_defect(newline: bytes) -> None:
    fits = b"A: b" + newline + b"Content-Type: text/html" + newline
    raw = fits + newline + b"body"
    limits = StructureLimits(header_bytes=len(fits) + len(newline) + 1)
    assert parse_structure(raw, limits).media_type == "text/html"
    for cut in range(1, len(fits)):
        part = parse_structure(raw, StructureLimits(header_bytes=cut))
        assert part.defects == {Defect.HEADER_TOO_BIG}, cut
        assert (part.media_type, part.children) == ("text/plain", ())


def test_a_header_that_is_the_whole_part_is_not_cut() -> None:
    raw = b"A: b\nContent-Type: text/html\n"
    part = parse_structure(raw, StructureLimits(header_bytes=len(raw)))
    assert (part.media_type, set(part.defects)) == ("text/html", set())


def test_a_long_header_of_one_part_leaves_the_others_alone() -> None:
    big = b"A: " + b"x" * 200
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n"
        + big
        + b"\n\nx\n--b\n\ny\n--b\n"
        + big
        + b"\n--b--\n"
    )
    root = parse_structure(raw, StructureLimits(header_bytes=100))
    assert [set(child.defects) for child in root.children] == [
        {Defect.HEADER_TOO_BIG},
        set(),
        {Defect.HEADER_TOO_BIG},
    ]


def test_as_many_fields_as_allowed_are_read_and_one_more_is_a_defect() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nA: b\nC: d\n\nx\n" * 3 + b"--b--\n"
    assert [set(child.defects) for child in parse_structure(raw, StructureLimits(fields=7)).children] == [
        set()
    ] * 3
    assert [set(child.defects) for child in parse_structure(raw, StructureLimits(fields=6)).children] == [
        set(),
        set(),
        {Defect.HEADER_TOO_BIG},
    ]


def test_a_content_field_as_long_as_allowed_is_read_and_a_longer_one_is_a_defect() -> None:
    def with_field(length: int) -> Part:
        body = b" text/html; x="
        raw = b"Content-Type:" + body + b"y" * (length - len(body)) + b"\n\nz"
        return parse_structure(raw, StructureLimits())

    assert with_field(MAX_FIELD_BYTES).media_type == "text/html"
    assert with_field(MAX_FIELD_BYTES + 1).defects == {Defect.HEADER_TOO_BIG}
