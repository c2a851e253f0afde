"""Where a hostile document gets a pixel, it is one image of one by one, visible, the last of the body."""

import pytest

from backstamp.rewriting import Options
from tests.rewriting.messages import message
from tests.rewriting.oracles.chromium import Chromium, PixelSeen
from tests.rewriting.oracles.hostile import hostile_documents
from tests.rewriting.oracles.judge import rewritten_case

WIDTHS = (1280, 375)


@pytest.fixture(scope="module")
def laid_out(browser: Chromium) -> dict[str, list[PixelSeen]]:
    cases = {each.name: rewritten_case(message(each.html), Options()) for each in hostile_documents()}
    bodies = {name: case.after[0].text for name, case in cases.items() if case.manifest.pixel.at is not None}
    by_width = [browser.lay_out(list(bodies.values()), width) for width in WIDTHS]
    return dict(zip(bodies, map(list, zip(*by_width, strict=True)), strict=True))


def test_most_hostile_documents_have_a_pixel_and_it_is_as_it_should_be(
    laid_out: dict[str, list[PixelSeen]],
) -> None:
    assert len(laid_out) > 200
    wrong = {
        name: seen for name, seen in laid_out.items() if not all(each.is_as_it_should_be for each in seen)
    }
    assert wrong == {}
