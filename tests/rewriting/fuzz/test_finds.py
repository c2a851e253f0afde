"""What a hunt found is tried again in every harness and every way, and so is what hunts begin with."""

from pathlib import Path

import pytest

from tests.rewriting.fuzz.harnesses import HARNESSES, THOROUGH
from tests.rewriting.fuzz.seeds import seeds

FINDS = sorted(path for path in (Path(__file__).parent / "finds").iterdir() if path.is_file())


def test_there_are_finds() -> None:
    assert len(FINDS) >= 10


@pytest.mark.parametrize(
    ("path", "harness"),
    [pytest.param(path, harness, id=f"{path.name}-in-{harness}") for path in FINDS for harness in HARNESSES],
)
def test_a_find_breaks_nothing_any_more(path: Path, harness: str) -> None:
    THOROUGH[harness](path.read_bytes())


@pytest.mark.parametrize("harness", HARNESSES)
def test_what_a_hunt_begins_with_breaks_nothing(harness: str) -> None:
    begun = list(seeds(harness))
    assert len(begun) >= 5
    for data in begun:
        THOROUGH[harness](data)
