"""docs/verdicts.md says what the code does."""

import re
from pathlib import Path

import pytest

from backstamp.verdicts import Context, SignalName
from backstamp.verdicts.signals import GROUP_LIMIT, WEIGHTS
from backstamp.vocabulary import Actor

PAGE = (Path(__file__).parents[2] / "docs" / "verdicts.md").read_text(encoding="utf-8")
RULES = PAGE.partition("## How well it does")[0]
ROWS = {row[1]: row[0] for row in re.finditer(r"^\| `(\w+)` \|.*$", RULES, re.MULTILINE)}


@pytest.mark.parametrize("signal", list(SignalName))
def test_every_signal_has_its_row_with_its_weight_and_group(signal: SignalName) -> None:
    row = ROWS[signal.value]
    assert row.count("|") >= 5
    if signal in WEIGHTS:
        weight = WEIGHTS[signal]
        shown, group = (cell.strip() for cell in row.split("|")[2:4])
        assert float(shown) == weight.weight
        assert group == f"{weight.group} ({GROUP_LIMIT[weight.group]:g})"


def test_every_actor_has_its_row_and_nothing_else_is_listed() -> None:
    assert set(ROWS) == {*map(str, Actor), *map(str, SignalName)}


def test_every_fact_of_the_context_is_explained() -> None:
    explained = Context.__doc__ or ""
    weightless = Context.__struct_fields__[Context.__struct_fields__.index("link_position") :]
    for name in set(Context.__struct_fields__) - set(weightless):
        assert f"{name}: " in explained, name
