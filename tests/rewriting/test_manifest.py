"""The manifest's JSON, and its documentation."""

import json
import re
from pathlib import Path

import pytest

from backstamp.rewriting import Carrier, Manifest, Options, SkipReason, plan, unwrap
from backstamp.rewriting.diff import render_diff
from backstamp.rewriting.reasons import UNPROTECTED
from tests.rewriting.messages import message
from tests.rewriting.sealers import FixedSealer

DOCUMENT = Path(__file__).parents[2] / "docs" / "manifest.md"


@pytest.mark.parametrize("reason", list(SkipReason))
def test_every_reason_has_its_row_in_the_document(reason: SkipReason) -> None:
    row = f"| `{reason}` | {reason.sentence} | {'yes' if reason in UNPROTECTED else ''} |"
    assert row in DOCUMENT.read_text().splitlines()


@pytest.mark.parametrize("carrier", list(Carrier))
def test_every_carrier_is_in_the_document(carrier: Carrier) -> None:
    assert f"`{carrier}`" in DOCUMENT.read_text()


@pytest.mark.parametrize("field", Manifest.__struct_fields__)
def test_every_field_is_in_the_document(field: str) -> None:
    assert f"| `{field}" in DOCUMENT.read_text()


def test_the_plan_has_no_new_urls_and_the_rewritten_message_has_them() -> None:
    planned = plan(message("<a href='https://example.com/'>x</a>"), Options())
    assert planned.manifest.candidates[0].new_url is None
    assert planned.manifest.edits == ()
    sealer = FixedSealer()
    rewritten = planned.apply(sealer).manifest
    assert rewritten.candidates[0].new_url == sealer.link(1, "")
    assert rewritten.pixel.new_url == sealer.pixel()
    assert len(rewritten.edits) == 2


def test_spans_point_at_the_value_in_the_raw_message() -> None:
    raw = message("<p>é <a href='https://example.com/'>x</a>")
    (candidate,) = plan(raw, Options()).manifest.candidates
    assert raw[candidate.start : candidate.end] == b"https://example.com/"


def test_totals_are_part_of_the_json() -> None:
    text = plan(
        message("<a href='https://example.com/'>x</a><a href='#'>y</a>"), Options()
    ).manifest.to_json()
    assert json.loads(text)["totals"] == {
        "candidates": 2,
        "wrapped": 1,
        "skipped": 1,
        "skipped_by_reason": {"fragment": 1},
    }


@pytest.mark.parametrize("text", ["", "[]", '{"version": 2}', '{"parts": [{}]}'])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="manifest"):
        Manifest.from_json(text)


def test_a_manifest_of_another_message_changes_nothing() -> None:
    stored = plan(message("<a href='https://example.com/'>x</a>"), Options()).apply(FixedSealer()).manifest
    other = message("<a href='https://example.com/other'>x</a>" * 9)
    assert unwrap(other, dict[str, str]().get, stored) == other


def test_the_schema_in_the_documents_is_the_one_of_the_code() -> None:
    assert (DOCUMENT.parent / "manifest.schema.json").read_bytes() == Manifest.json_schema()


def test_what_is_written_fits_the_schema() -> None:
    schema = json.loads(Manifest.json_schema())
    written = json.loads(plan(message("<a href='https://example.com/'>x</a>"), Options()).manifest.to_json())
    known = schema["$defs"]["Manifest"]["properties"]
    assert set(written) <= set(known)
    assert set(schema["$defs"]["Manifest"]["required"]) <= set(written)
    candidate = schema["$defs"]["CandidateReport"]
    assert set(written["candidates"][0]) <= set(candidate["properties"])
    assert set(candidate["required"]) <= set(written["candidates"][0])


def test_the_diff_is_in_colour_where_it_is_wanted_and_nowhere_else() -> None:
    html = "<a href='https://example.com/a'>x</a><a href='mailto:a@example.com'>y</a>"
    manifest = plan(message(html), Options()).apply(FixedSealer()).manifest
    coloured, plainly = render_diff(manifest, colour=True), render_diff(manifest, colour=False)
    assert "\x1b[31m  - a  https://example.com/a\x1b[0m\n\x1b[32m  + 1  https://t.example" in coloured
    assert "\x1b[2m    a  mailto:a@example.com  (a mail address)\x1b[0m\n" in coloured
    assert "\x1b" not in plainly
    assert re.sub(r"\x1b\[[0-9]+m", "", coloured) == plainly
