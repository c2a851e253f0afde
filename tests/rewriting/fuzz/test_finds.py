"""What a hunt found is tried again in every harness and every way, and so is what hunts begin with.

A find that is not mended yet stands in `NOT_MENDED`, with what is wrong.
"""

from pathlib import Path

import pytest

from tests.rewriting.fuzz.harnesses import HARNESSES, THOROUGH
from tests.rewriting.fuzz.seeds import seeds

FINDS = sorted(path for path in (Path(__file__).parent / "finds").iterdir() if path.is_file())
BLANKS = "white space that is not read gets into the text when something is put behind it"
FITS_NOT = "a manifest that does not fit raises, where the URLs alone should be read"
NOT_MENDED = {
    ("base64-blank-at-the-end", "payloads"): "the blank is taken for the line end: all is one long line",
    ("base64-of-blanks-only", "payloads"): "the blank is taken for the line end: all is one long line",
    (
        "first-line-becomes-a-field",
        "whole",
    ): "without an empty line before it, the sealed URL is a field name",
    ("first-line-becomes-a-field-in-a-part", "whole"): "the same, in a part without a header",
    ("manifest-deflate-damaged", "unwrapping"): FITS_NOT,
    ("manifest-edit-before-the-message", "unwrapping"): FITS_NOT,
    ("manifest-edit-behind-the-message", "unwrapping"): FITS_NOT,
    ("manifest-edit-of-negative-length", "unwrapping"): FITS_NOT,
    ("manifest-nested-without-end", "unwrapping"): "RecursionError instead of ValueError",
    ("qp-blanks-at-the-end", "payloads"): BLANKS,
    ("qp-line-end-replaced", "payloads"): BLANKS,
}
"""(find, harness): what is wrong."""


def cases() -> list[object]:
    """Return each find with each harness; the ones that are not mended must fail."""
    return [
        pytest.param(
            path,
            harness,
            id=f"{path.name}-in-{harness}",
            marks=[pytest.mark.xfail(strict=True, reason=NOT_MENDED[path.name, harness])]
            if (path.name, harness) in NOT_MENDED
            else [],
        )
        for path in FINDS
        for harness in HARNESSES
    ]


def test_there_are_finds_and_each_one_that_is_not_mended_is_there() -> None:
    assert FINDS
    assert {name for name, _ in NOT_MENDED} <= {path.name for path in FINDS}


@pytest.mark.parametrize(("path", "harness"), cases())
def test_a_find_breaks_nothing_any_more(path: Path, harness: str) -> None:
    THOROUGH[harness](path.read_bytes())


@pytest.mark.parametrize("harness", HARNESSES)
def test_what_a_hunt_begins_with_breaks_nothing(harness: str) -> None:
    begun = list(seeds(harness))
    assert len(begun) >= 5
    for data in begun:
        THOROUGH[harness](data)
