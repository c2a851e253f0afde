"""Golden messages: each `NAME.eml` has the bytes and the manifest that must come of it.

A mismatch writes NAME.failed.eml or NAME.failed.json beside it; after review, move it over the expected file.
"""

import json
from pathlib import Path

import pytest

from backstamp.rewriting import Direction, Manifest, Options, SkipReason, plan, rewrite, unwrap
from tests.rewriting.sealers import BASE, FixedSealer

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.name.removesuffix(".eml") for path in GOLDEN.glob("*.eml") if path.name.count(".") == 1)


def options(name: str) -> Options:
    direction = Direction.INBOUND if name.startswith("inbound-") else Direction.OUTBOUND
    return Options(direction=direction, opens=direction is Direction.OUTBOUND, own_prefixes=(f"{BASE}/",))


def compare(name: str, suffix: str, found: bytes) -> None:
    expected = GOLDEN / f"{name}.expected.{suffix}"
    if not expected.exists() or expected.read_bytes() != found:
        (GOLDEN / f"{name}.failed").write_bytes(found)
        pytest.fail(f"{name}: what came out is in {name}.failed; see tests/rewriting/test_golden.py")


def test_there_are_golden_messages() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("name", CASES)
def test_the_bytes_and_the_manifest_are_as_reviewed(name: str) -> None:
    raw = (GOLDEN / f"{name}.eml").read_bytes()
    rewritten = rewrite(raw, options(name), FixedSealer())
    compare(name, "eml", rewritten.raw)
    manifest = rewritten.manifest
    readable = json.dumps(json.loads(manifest.to_json()), indent=1) + "\n"
    (GOLDEN / f"{name}.failed").unlink(missing_ok=True)
    expected = GOLDEN / f"{name}.manifest.json"
    if not expected.exists() or expected.read_text() != readable:
        (GOLDEN / f"{name}.failed").write_text(readable)
        pytest.fail(f"{name}: its manifest differs; see {name}.failed")
    assert manifest.skip_reason is not SkipReason.FAILED


@pytest.mark.parametrize("name", CASES)
def test_with_crlf_instead_of_lf_the_same_bytes_come_out_in_crlf(name: str) -> None:
    raw = (GOLDEN / f"{name}.eml").read_bytes()
    if b"\r" in raw:
        assert "line-ends" in name, "only messages about line ends hold CR"
        return
    crlf = raw.replace(b"\n", b"\r\n")
    expected = (GOLDEN / f"{name}.expected.eml").read_bytes().replace(b"\n", b"\r\n")
    assert rewrite(crlf, options(name), FixedSealer()).raw == expected


@pytest.mark.parametrize("name", CASES)
def test_the_manifest_gives_the_exact_original_back(name: str) -> None:
    raw = (GOLDEN / f"{name}.eml").read_bytes()
    rewritten = rewrite(raw, options(name), FixedSealer())
    stored = Manifest.from_json(rewritten.manifest.to_json())
    assert unwrap(rewritten.raw, dict[str, str]().get, stored) == raw


@pytest.mark.parametrize("name", CASES)
def test_the_urls_alone_give_every_link_back_and_take_the_pixel_out(name: str) -> None:
    raw = (GOLDEN / f"{name}.eml").read_bytes()
    planned = plan(raw, options(name))
    sealer = FixedSealer()
    restored = unwrap(planned.apply(sealer).raw, sealer.reads(planned).get)
    assert b"xxxxxxxx" not in restored
    assert b"yyyyyyyy" not in restored
    again = plan(restored, options(name)).manifest
    assert [each.url for each in again.candidates] == [each.url for each in planned.manifest.candidates]
