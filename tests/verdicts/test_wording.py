"""Reasons are templates with values, so that they can be translated."""

import ast
import json
import re
from collections.abc import Iterator
from importlib import resources

from hypothesis import given
from hypothesis import strategies as st

from backstamp.verdicts import Context, Facts, verdict
from backstamp.verdicts.wording import fill, sentence

TEMPLATES_AT_LEAST = 55


def sentences() -> Iterator[tuple[str, set[str]]]:
    """Yield every template of the rules, and the names that are given for it."""
    for module in ("rules.py", "evidence.py", "judging.py"):
        source = resources.files("backstamp.verdicts").joinpath(module).read_text()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "sentence":
                (template,) = node.args
                assert isinstance(template, ast.Constant), f"{module}:{node.lineno} is made at run time"
                yield str(template.value), {word.arg or "" for word in node.keywords}


def test_every_sentence_is_a_constant_with_a_value_for_each_of_its_places() -> None:
    found = list(sentences())
    assert len(found) >= TEMPLATES_AT_LEAST
    for template, names in found:
        assert set(re.findall(r"{(.*?)}", template)) == names, template
        assert template.endswith(".")
        assert template[0].isupper() or template[0] == "{"


@given(
    st.builds(Facts, event=st.sampled_from(["open", "click"]), method=st.text(), network=st.text()),
    st.from_type(Context),
)
def test_every_reason_is_a_known_template_and_is_filled(facts: Facts, context: Context) -> None:
    known = {template for template, _ in sentences()}
    for reason in verdict(facts, context).reasons:
        assert reason.sentence.template in known
        assert reason.text == fill(reason.sentence.template, dict(reason.sentence.values))
        json.dumps(dict(reason.sentence.values))


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(alphabet="{}abc%s")))
def test_a_value_is_never_taken_for_a_place(values: dict[str, str]) -> None:
    shown = fill("|{a}|{b}|{c}", values)
    assert shown == "".join(f"|{values.get(name, f'{{{name}}}')}" for name in "abc")


def test_a_sentence_begins_with_a_capital_letter_also_where_a_value_begins_it() -> None:
    said = sentence("{client} loaded the image.", client="a mail program")
    assert str(said) == "A mail program loaded the image."
    assert fill("Das Bild lud {client}.", dict(said.values)) == "Das Bild lud a mail program."


def test_a_name_that_may_begin_a_sentence_is_no_other_with_a_capital_letter() -> None:
    """Only what is described has a small one: of a product's (`eM Client`) another name would be made."""
    for file in ("clients.toml", "networks.toml"):
        text = (resources.files("backstamp.verdicts") / "data" / file).read_text(encoding="utf-8")
        names = re.findall(r'^name = "(.+)"$', text, re.MULTILINE)
        assert len(names) > 20
        assert [each for each in names if not re.match(r"[A-Z0-9]|(?:a|an|the) ", each)] == []


def test_a_translated_template_takes_the_same_values_in_another_order() -> None:
    said = sentence("{links} of {all} links were followed within {seconds} s.", links=3, all=5, seconds=2)
    german = "In {seconds} s wurden {links} von {all} Links aufgerufen."
    assert fill(german, dict(said.values)) == "In 2 s wurden 3 von 5 Links aufgerufen."
    assert str(said) == "3 of 5 links were followed within 2 s."
