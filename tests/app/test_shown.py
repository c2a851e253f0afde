"""Whatever others wrote, a command's output drives no terminal, and says the same to programs."""

import json

from hypothesis import given
from hypothesis import strategies as st

from backstamp.app.terminal.shown import printable, printable_json

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\x1b\x9b\x7f\u202e\U000e0041"))


@given(TEXTS)
def test_a_text_is_spelled_out_where_a_terminal_would_obey_it(text: str) -> None:
    assert printable(text).isprintable()
    assert printable("bücher, 책") == "bücher, 책"


def test_controls_of_both_kinds_are_spelled_out() -> None:
    assert printable("a\x1b[2Jb\x9b31m\u202e") == r"a\x1b[2Jb\x9b31m\u202e"


@given(st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)))
def test_json_means_the_same_and_holds_no_control(value: object) -> None:
    line = printable_json(value)
    assert line.isprintable()
    assert json.loads(line) == value
    indented = printable_json(value, indent=2)
    assert all(part.isprintable() for part in indented.split("\n"))
    assert json.loads(indented) == value
