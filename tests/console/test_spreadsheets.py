"""What stands in saved files is no formula, and can be read back as it was."""

import csv
import io

from hypothesis import example, given
from hypothesis import strategies as st

from backstamp.spreadsheets import as_it_was, csv_lines, guarded

TEXTS = st.text(st.sampled_from("'=+-@\uff1d;\t\r\n \",ax") | st.characters(exclude_categories=["Cs"]))
SIGNS = tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n")


@given(st.lists(TEXTS, min_size=1, max_size=4))
@example(["'=1", "''\t", "\t\t=", ";;'-x", "'", "it's", " " * 21 + "=1", "'" * 30 + "+"])
def test_a_cell_always_comes_back_as_it_was(cells: list[str]) -> None:
    (row,) = csv.reader(io.StringIO(csv_lines([cells]), newline=""))
    assert [as_it_was(cell) for cell in row] == cells


@given(TEXTS)
def test_no_cell_ever_begins_like_a_formula(text: str) -> None:
    for delimiter in ("\0", ";"):  # none, and that of many languages
        for cell in guarded(text).split(delimiter):
            assert not cell.startswith(SIGNS)


def test_a_text_that_is_no_formula_stays_as_it_is() -> None:
    for text in ("ann@example.org", "it's = so", "'tis", "a-b; c-d, e@f.example", ""):
        assert guarded(text) == as_it_was(text) == text
