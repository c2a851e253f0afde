"""What a hunt found is tried again in every harness and every way, and so is what hunts begin with.

A find that is not mended yet stands in `NOT_MENDED`, with what is wrong, and must fail as long as it does.
"""

from pathlib import Path

import pytest

from tests.rewriting.fuzz.harnesses import HARNESSES, THOROUGH
from tests.rewriting.fuzz.seeds import seeds

FINDS = sorted(path for path in (Path(__file__).parent / "finds").iterdir() if path.is_file())
SEEDS = "seeds"
BEHIND_A_HOST = "text", "what stands behind a bare host is read as part of the sealed URL"
ONE_LONG_LINE = "payloads", "the blank at the end is taken for the line end: all is one long line"
FITS_NOT = "unwrapping", "a manifest that does not fit raises; the URLs alone should be read"
NOT_MENDED = {
    "base64-blank-at-the-end": ONE_LONG_LINE,
    "base64-of-blanks-only": ONE_LONG_LINE,
    "first-line-becomes-a-field-in-a-part": ("whole", "without an empty line, the sealed URL is a field"),
    "manifest-deflate-damaged": FITS_NOT,
    "manifest-edit-before-the-message": FITS_NOT,
    "manifest-edit-behind-the-message": FITS_NOT,
    "manifest-edit-of-negative-length": FITS_NOT,
    "manifest-nested-without-end": ("unwrapping", "RecursionError instead of ValueError"),
    "qp-blanks-at-the-end": ("payloads", "blanks that are not read are read when something is put behind"),
    "text-goes-on-behind-a-host": BEHIND_A_HOST,
    SEEDS: BEHIND_A_HOST,
}
"""Find: the harness in which it fails, and what is wrong."""


def marks(name: str, harness: str) -> list[pytest.MarkDecorator]:
    """Return the mark of what must fail."""
    broken, reason = NOT_MENDED.get(name, ("", ""))
    return [pytest.mark.xfail(strict=True, reason=reason)] if harness == broken else []


def test_there_are_finds_and_each_one_that_is_not_mended_is_there() -> None:
    assert {path.name for path in FINDS} | {SEEDS} > NOT_MENDED.keys()


@pytest.mark.parametrize(
    ("path", "harness"),
    [
        pytest.param(path, harness, id=f"{path.name}-in-{harness}", marks=marks(path.name, harness))
        for path in FINDS
        for harness in HARNESSES
    ],
)
def test_a_find_breaks_nothing_any_more(path: Path, harness: str) -> None:
    THOROUGH[harness](path.read_bytes())


@pytest.mark.parametrize(
    "harness", [pytest.param(harness, marks=marks(SEEDS, harness)) for harness in HARNESSES]
)
def test_what_a_hunt_begins_with_breaks_nothing(harness: str) -> None:
    begun = list(seeds(harness))
    assert len(begun) >= 5
    for data in begun:
        THOROUGH[harness](data)
