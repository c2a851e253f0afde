"""What a hunt found is tried again in every harness and every way, and so is what hunts begin with.

A find that is not mended yet stands in `NOT_MENDED`, with what is wrong, and must fail as long as it does.
"""

from pathlib import Path

import pytest

from tests.rewriting.fuzz.harnesses import HARNESSES, THOROUGH
from tests.rewriting.fuzz.seeds import seeds

FINDS = sorted(path for path in (Path(__file__).parent / "finds").iterdir() if path.is_file())
SEEDS = "seeds"
BEHIND_A_HOST = {"text": "what stands behind a bare host is read as part of the sealed URL"}
BLANKS = {"payloads": "blanks at the end are not read, and are when something is put behind them"}
FITS_NOT = {"unwrapping": "a manifest that does not fit raises; the URLs alone should be read"}
ONE_LONG_LINE = {"payloads": "the blank at the end is taken for the line end: all is one long line"}
SHIFTS = dict.fromkeys(
    ("html", "text"), "a text with shifts is rewritten, and is no text that we would read afterwards"
)
NOT_MENDED: dict[str, dict[str, str]] = {
    "bare-cr-in-the-header-of-a-reencoded-part": {"whole": "the new field's CR eats the empty line's LF"},
    "base64-blank-at-the-end": ONE_LONG_LINE,
    "base64-of-blanks-only": ONE_LONG_LINE,
    "first-line-becomes-a-field-in-a-part": {"whole": "without an empty line, the sealed URL is a field"},
    "manifest-deflate-damaged": FITS_NOT,
    "manifest-edit-before-the-message": FITS_NOT,
    "manifest-edit-behind-the-message": FITS_NOT,
    "manifest-edit-of-negative-length": FITS_NOT,
    "manifest-nested-without-end": {"unwrapping": "RecursionError instead of ValueError"},
    "qp-blanks-at-the-end": BLANKS,
    "qp-last-line-of-blanks": BLANKS,
    "shifts-in-declared-utf-8": SHIFTS,
    "text-goes-on-behind-a-host": BEHIND_A_HOST,
    SEEDS: SHIFTS | BEHIND_A_HOST,
}
"""Find: what is wrong, by harness."""


def marks(name: str, harness: str) -> list[pytest.MarkDecorator]:
    """Return the mark of what must fail."""
    reason = NOT_MENDED.get(name, {}).get(harness)
    return [] if reason is None else [pytest.mark.xfail(strict=True, reason=reason)]


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
