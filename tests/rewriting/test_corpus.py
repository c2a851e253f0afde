"""Real messages that others collected: never an exception, and every byte comes back."""

from pathlib import Path

import pytest

from backstamp.rewriting import Direction, Options, SkipReason, plan, unwrap
from tests.corpus import corpus
from tests.rewriting.fuzz.invariants import it_unwraps_exactly, only_the_edits_differ
from tests.rewriting.oracles.mail_program import shown_parts
from tests.rewriting.sealers import FixedSealer

FOLDERS = ("mail-*", "bounce-*", "tmpl-*")


def messages(path: Path) -> list[bytes]:
    raw = path.read_bytes()
    kind = {".html": b"html", ".txt": b"plain"}.get(path.suffix)
    if kind is not None:
        raw = b"Content-Type: text/%b; charset=utf-8\n\n%b" % (kind, raw)
    lf = raw.replace(b"\r\n", b"\n")
    return list(dict.fromkeys((raw, lf, lf.replace(b"\n", b"\r\n"))))


@pytest.fixture(scope="module")
def paths() -> list[Path]:
    files = [path for pattern in FOLDERS for path in corpus().glob(f"{pattern}/**/*") if path.is_file()]
    assert files, "no messages in the corpus"
    return sorted(path for path in files if path.name != "README.md")


def test_no_message_of_the_corpus_makes_planning_fail(paths: list[Path]) -> None:
    failed = [
        path
        for path in paths
        for raw in messages(path)
        for direction in Direction
        if plan(raw, Options(direction=direction)).manifest.skip_reason is SkipReason.FAILED
    ]
    assert failed == []


def test_without_patches_every_message_is_the_same(paths: list[Path]) -> None:
    off = Options(opens=False, links=False, direction=Direction.INBOUND)
    changed = [
        path for path in paths for raw in messages(path) if plan(raw, off).apply(FixedSealer()).raw != raw
    ]
    assert changed == []


@pytest.mark.parametrize("direction", [*Direction])
@pytest.mark.parametrize("padding", [40, 1200])
def test_only_the_edits_differ_and_the_manifest_gives_every_exact_original_back(
    paths: list[Path], padding: int, direction: Direction
) -> None:
    for path in paths:
        for raw in messages(path):
            rewritten = plan(raw, Options(direction=direction)).apply(FixedSealer(padding))
            only_the_edits_differ(raw, rewritten)
            it_unwraps_exactly(raw, rewritten)


@pytest.mark.parametrize("direction", [*Direction])
def test_the_urls_alone_give_every_link_back_and_take_the_pixel_out(
    paths: list[Path], direction: Direction
) -> None:
    sealer = FixedSealer()
    pixels = 0
    for path in paths:
        for raw in messages(path):
            planned = plan(raw, Options(direction=direction))
            restored = unwrap(planned.apply(sealer).raw, sealer.reads(planned).get)
            again = plan(restored, Options(direction=direction))
            assert [link.url for link in again.links] == [link.url for link in planned.links], path
            pixels += planned.has_pixel
            assert sealer.pixel() not in "".join(part.text for part in shown_parts(restored)), path
    assert pixels


def test_no_link_of_the_corpus_is_lost_by_our_own_checks(paths: list[Path]) -> None:
    doubtful = {SkipReason.NOT_REPRODUCED, SkipReason.UNLOCATED}
    for path in paths:
        manifest = plan(messages(path)[0], Options()).manifest
        found = {each.skip_reason for each in manifest.candidates} | {
            each.skip_reason for each in manifest.parts
        }
        assert not doubtful & found, path
