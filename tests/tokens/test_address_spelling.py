"""Which spellings of an address are one, and which are of different people."""

import pytest

from backstamp.tokens.address_spelling import a_labels, one_spelling


@pytest.mark.parametrize(
    ("spelled", "ascii_form"),
    [
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("Ann@BÜCHER.Example.", "ann@xn--bcher-kva.example"),
        ("ann@straße.example", "ann@xn--strae-oqa.example"),
        ("ann@STRAẞE.example", "ann@xn--strae-oqa.example"),
        ("ann@βόλος.example", "ann@xn--nxasmm1c.example"),
        ("ann@Ｂücher。example", "ann@xn--bcher-kva.example"),
        ("ann@example.org。", "ann@example.org"),
        ('"ann"@example.org', "ann@example.org"),
    ],
)
def test_a_domain_is_one_however_it_is_spelled(spelled: str, ascii_form: str) -> None:
    assert one_spelling(spelled) == one_spelling(ascii_form) == ascii_form


def test_domains_that_may_be_owned_by_two_are_two() -> None:
    assert one_spelling("ann@straße.example") != one_spelling("ann@strasse.example")


@pytest.mark.parametrize("name", ["ü\0.example", "xn--ü", "\udcff.example", "ü" * 300])
def test_what_has_no_form_in_ascii_stays(name: str) -> None:
    assert a_labels(name) == name
