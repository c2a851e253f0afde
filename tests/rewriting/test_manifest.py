"""The manifest's JSON, and its documentation."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from backstamp.rewriting import Carrier, Decision, Direction, Manifest, Options, SkipReason, plan, unwrap
from backstamp.rewriting.reporting.diff import render_diff
from backstamp.rewriting.reporting.reasons import UNPROTECTED
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


URL = "https://example.com/"
SAMPLES = {
    Carrier.A: [
        f"<a href='{URL}'>x</a>",
        f"<template><a href='{URL}'>x</a></template>",
        f"<noscript><a href='{URL}'>x</a></noscript>",
        f"<!--[if mso]><a href='{URL}'>x</a><![endif]-->",
    ],
    Carrier.AREA: [f"<map><area href='{URL}'></map>"],
    Carrier.SVG_A: [f"<svg><a href='{URL}'>x</a></svg>", f"<svg><a xlink:href='{URL}'>x</a></svg>"],
    Carrier.VML: [f"<v:roundrect href='{URL}'></v:roundrect>"],
    Carrier.TEXT: [f"see {URL}"],
    Carrier.MATHML: [f"<math href='{URL}'></math>", f"<math><mi xlink:href='{URL}'>x</mi></math>"],
    Carrier.FRAME: [
        f"<iframe src='{URL}'></iframe>",
        f"<frameset><frame src='{URL}'></frameset>",
        f"<embed src='{URL}'>",
        f"<object data='{URL}'></object>",
    ],
    Carrier.FORM: [f"<form action='{URL}'></form>", f"<isindex action='{URL}'>"],
    Carrier.FORMACTION: [f"<button formaction='{URL}'>x</button>", f"<input formaction='{URL}'>"],
    Carrier.SRCDOC: [f"<iframe srcdoc='<a href={URL}>x</a>'></iframe>"],
    Carrier.META_REFRESH: [f"<meta http-equiv=refresh content='0;url={URL}'>"],
    Carrier.FIELD: [f'<!--[if supportFields]>HYPERLINK "{URL}"<![endif]-->'],
    Carrier.HTML_TEXT: [f"<p>see {URL}</p>"],
    Carrier.HEADER: [
        f"List-Unsubscribe: <mailto:u@example.net>, <{URL}>",
        f"list-help: {URL} (help)",
        f"Archived-At: <{URL[:9]}\r\n {URL[9:]}>",
    ],
    Carrier.ANIMATION: [f"<svg><a><animate attributeName=href to='{URL}'/></a></svg>"],
}


@pytest.mark.parametrize("carrier", list(Carrier))
@pytest.mark.parametrize("direction", list(Direction))
def test_with_each_carrier_is_done_what_the_document_says(carrier: Carrier, direction: Direction) -> None:
    table = DOCUMENT.read_text().partition("## What is done with each carrier")[2].partition("\n\nA ")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| `")]
    (row,) = (row for row in rows if f"`{carrier}`" in row[0])
    said = row[2 if direction is Direction.OUTBOUND else 3].strip()
    for sample in SAMPLES[carrier]:
        content_type = "text/plain" if carrier is Carrier.TEXT else "text/html"
        raw = message(sample, content_type)
        if carrier is Carrier.HEADER:
            raw = f"{sample}\r\n".encode() + message("x", content_type)
        manifest = plan(raw, Options(direction=direction, opens=False)).manifest
        found = [each for each in manifest.candidates if each.url == URL]
        if "not listed" in said:
            assert found == []
            continue
        (link,) = found
        assert link.carrier is (Carrier.A if carrier is Carrier.SRCDOC else carrier)
        if said.startswith("left alone"):
            assert link.decision is Decision.SKIPPED
            assert link.skip_reason is not None
            if "unprotected" in said:
                assert link.skip_reason.unprotected
        else:
            assert said.startswith(("wrapped", "looked into", "a link is put around"))
            assert link.decision is Decision.WRAPPED


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


def test_a_manifest_that_holds_more_than_a_message_may_is_not_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = message("".join(f"<a href='https://example.com/{'a' * 400}{n}'>x</a>" for n in range(3)))
    rewritten = plan(raw, Options(opens=False)).apply(FixedSealer())
    assert unwrap(rewritten.raw, dict[str, str]().get, rewritten.manifest) == raw
    monkeypatch.setattr("backstamp.rewriting.unwrapping.message_unwrapping._MAX_ORIGINAL", 1000)
    assert unwrap(rewritten.raw, dict[str, str]().get, rewritten.manifest) == rewritten.raw


def test_octets_that_are_no_characters_can_be_written() -> None:
    raw = b"Content-Type: text/\xff; charset=\xfe\r\nContent-Transfer-Encoding: \xfd\r\n\r\nx"
    (part,) = json.loads(plan(raw, Options()).manifest.to_json())["parts"]
    assert (part["media_type"], part["charset"], part["cte"]) == ("text/plain", "?", "?")


def test_the_schema_in_the_documents_is_the_one_of_the_code() -> None:
    assert (DOCUMENT.parent / "manifest.schema.json").read_bytes() == Manifest.json_schema()


def _misfits(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> list[str]:
    """Return where a value is not as a JSON Schema says; of its words those that ours has."""
    if "$ref" in schema:
        return _misfits(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    if "anyOf" in schema:
        all_misfits = [_misfits(value, each, root) for each in schema["anyOf"]]
        return [] if [] in all_misfits else all_misfits[0]
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{value!r} is none of the words"]
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "integer": int,
        "null": type(None),
    }
    if type(value) is not kinds[schema["type"]]:
        return [f"{value!r} is no {schema['type']}"]
    misfits: list[str] = []
    if isinstance(value, list):
        misfits += [misfit for each in value for misfit in _misfits(each, schema["items"], root)]
    elif isinstance(value, dict):
        known = schema.get("properties", {})
        misfits += [f"{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, each in value.items():
            one = known.get(name) or schema.get("additionalProperties")
            misfits += _misfits(each, one, root) if one else [f"nobody knows {name}"]
    return misfits


def test_every_golden_manifest_fits_the_schema_in_the_documents() -> None:
    schema = json.loads((DOCUMENT.parent / "manifest.schema.json").read_text())
    manifests = sorted((Path(__file__).parent / "golden").glob("*.manifest.json"))
    written = [json.loads(path.read_text()) for path in manifests]
    assert len(written) > 100
    assert [misfit for each in written for misfit in _misfits(each, schema, schema)] == []
    # What every field says is written by one of them at least.
    for name, fields in (("Manifest", None), ("PartReport", "parts"), ("CandidateReport", "candidates")):
        values = [
            each for manifest in written for each in (manifest.get(fields, []) if fields else [manifest])
        ]
        seen = {field for value in values for field in value}
        assert seen >= schema["$defs"][name]["properties"].keys() - {"added_fields"}


def test_the_diff_is_in_colour_where_it_is_wanted_and_nowhere_else() -> None:
    html = "<a href='https://example.com/a'>x</a><a href='mailto:a@example.com'>y</a>"
    manifest = plan(message(html), Options()).apply(FixedSealer()).manifest
    coloured, plainly = render_diff(manifest, colour=True), render_diff(manifest, colour=False)
    assert "\x1b[31m  - a  https://example.com/a\x1b[0m\n\x1b[32m  + 1  https://t.example" in coloured
    assert "\x1b[2m    a  mailto:a@example.com  (a mail address)\x1b[0m\n" in coloured
    assert "\x1b" not in plainly
    assert re.sub(r"\x1b\[[0-9]+m", "", coloured) == plainly


def test_a_message_does_not_drive_the_terminal_that_shows_the_diff() -> None:
    html = "<a href='https://example.com/\x9b1m\u202e'>x</a><a href='x:\x1b[2J'>y</a>"
    raw = message(html, "text/html; charset=utf-8")
    shown = render_diff(plan(raw, Options(opens=False)).apply(FixedSealer()).manifest, colour=False)
    assert "  x:\\x1b[2J  (" in shown
    assert shown.isascii()
    assert all(line.isprintable() for line in shown.splitlines())
