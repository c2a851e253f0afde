"""Other people's mail: every link that an oracle sees in the rewritten message is wrapped or listed."""

from pathlib import Path

import pytest

from backstamp.rewriting import Direction, Options
from tests.corpus import corpus
from tests.rewriting.oracles.chromium import Chromium
from tests.rewriting.oracles.judge import Case, judge, rewritten_case, told
from tests.rewriting.oracles.panel import Panel

FOLDERS = ("mail-*", "bounce-*", "tmpl-*")
DESKTOP, TELEPHONE = 1280, 375


def messages(path: Path) -> list[bytes]:
    """Return the message as it is, with LF and with CRLF; a template in a message of its own."""
    raw = path.read_bytes()
    if path.suffix in (".html", ".txt") and path.is_relative_to(corpus()) and _is_template(path):
        kind = b"html" if path.suffix == ".html" else b"plain"
        raw = b"Content-Type: text/%b; charset=utf-8\n\n" % kind + raw
    lf = raw.replace(b"\r\n", b"\n")
    return list(dict.fromkeys((raw, lf, lf.replace(b"\n", b"\r\n"))))


def _is_template(path: Path) -> bool:
    return path.relative_to(corpus()).parts[0].startswith("tmpl-")


@pytest.fixture(scope="module")
def cases() -> dict[str, list[Case]]:
    paths = [path for pattern in FOLDERS for path in corpus().glob(f"{pattern}/**/*") if path.is_file()]
    return {
        str(path.relative_to(corpus())): [
            rewritten_case(raw, Options(direction=direction))
            for raw in messages(path)
            for direction in Direction
        ]
        for path in sorted(paths)
        if path.name != "README.md"
    }


def missed(panel: Panel, cases: list[Case]) -> str:
    return told(miss for case in cases for miss in judge(case, panel))


def test_every_link_of_the_corpus_is_wrapped_with_its_target_or_listed(
    panel: Panel, cases: dict[str, list[Case]]
) -> None:
    panel.learn(
        (text for found in cases.values() for case in found for text in case.documents), thorough=False
    )
    misses = {name: missed(panel, found) for name, found in cases.items()}
    panel.forget()
    assert {name: lines for name, lines in misses.items() if lines} == {}
    linked = sum(len(case.manifest.candidates) for found in cases.values() for case in found)
    assert len(cases) > 700
    assert linked > 2500


@pytest.mark.parametrize("width", [DESKTOP, TELEPHONE])
def test_the_pixel_of_the_corpus_is_one_small_visible_image_at_the_end(
    browser: Chromium, cases: dict[str, list[Case]], width: int
) -> None:
    bodies = {
        part.text: name
        for name, found in cases.items()
        for case in found
        for part in case.after
        if case.manifest.pixel.at is not None and part.path == case.manifest.pixel.part
    }
    assert len(bodies) > 300
    seen = zip(bodies.values(), browser.lay_out(list(bodies), width), strict=True)
    wrong = [(name, pixel) for name, pixel in seen if not pixel.is_as_it_should_be]
    assert wrong == []
