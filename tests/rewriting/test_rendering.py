"""A rewritten message looks as its author made it: pictures before and after are the same, byte for byte.

Two things cannot be hidden from a style sheet, so they are limits and have templates of their own in
`templates/limits`: rules that ask for the text of an address (`a[href^="http://"]`), which is another one
after the rewriting, and rules that count from the end (`:last-child`), where the pixel now stands.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backstamp.rewriting import Options, plan
from tests.corpus import corpus
from tests.rewriting.messages import message
from tests.rewriting.rendering import WIDTHS, Screen, chromium, html_body
from tests.rewriting.sealers import FixedSealer

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(600)]

TEMPLATES = Path(__file__).parent / "templates"
OWN = sorted(TEMPLATES.glob("*.html"))
LIMITS = sorted(path.stem for path in TEMPLATES.glob("limits/*.html"))
SEALER = FixedSealer()
SCHEMES = ("light", "dark")


@pytest.fixture(scope="module")
def screens() -> Iterator[dict[str, Screen]]:
    with chromium() as browser:
        yield {scheme: Screen(browser, scheme, SEALER.pixel()) for scheme in SCHEMES}


@pytest.fixture(params=SCHEMES)
def screen(screens: dict[str, Screen], request: pytest.FixtureRequest) -> Screen:
    return screens[request.param]


def rewritten(html: bytes, *, opens: bool) -> bytes:
    """Return the HTML with every link wrapped, and the pixel where `opens` wants it."""
    planned = plan(message(html), Options(opens=opens))
    assert planned.has_pixel is opens, planned.manifest.pixel
    assert b"<a " not in html or planned.links
    return html_body(planned.apply(SEALER).raw)


def differing(
    screen: Screen, paths: list[Path], folder: Path, *, opens: bool, images: bool = True
) -> list[str]:
    """Return the templates that look different; their pictures before and after lie in `folder`."""
    names: list[str] = []
    for path in paths:
        html = html_body(message(path.read_bytes()))
        asked = screen.asked_for_pixel
        before, after = screen.alike(html, rewritten(html, opens=opens), images=images)
        assert (screen.asked_for_pixel > asked) is opens, f"{path.name}: the browser asked for the pixel?"
        for width, one, other in zip(WIDTHS, before, after, strict=True):
            if one != other:
                name = f"{path.parent.name}-{path.stem}-{width}-{len(names)}"
                (folder / f"{name}.before.png").write_bytes(one)
                (folder / f"{name}.after.png").write_bytes(other)
                names.append(name)
    return names


def test_there_are_templates_of_many_kinds() -> None:
    assert len(OWN) >= 8
    assert LIMITS == ["counts-from-the-end", "selects-by-address"]


def test_the_same_page_gives_the_same_picture_and_another_page_another(screen: Screen) -> None:
    page = OWN[0].read_bytes()
    once, again = screen.alike(page, page)
    assert once == again
    once, longer = screen.alike(page, page + b"<br>.")
    assert all(one != other for one, other in zip(once, longer, strict=True))


def test_wrapped_links_change_no_pixel_of_our_templates(screen: Screen, tmp_path: Path) -> None:
    assert differing(screen, OWN, tmp_path, opens=False) == [], f"see the pictures in {tmp_path}"


def test_links_and_pixel_change_no_pixel_of_our_templates(screen: Screen, tmp_path: Path) -> None:
    assert differing(screen, OWN, tmp_path, opens=True) == [], f"see the pictures in {tmp_path}"


def test_a_pixel_that_is_not_loaded_changes_nothing_either(
    screens: dict[str, Screen], tmp_path: Path
) -> None:
    screen = screens["light"]
    assert differing(screen, OWN, tmp_path, opens=True, images=False) == [], f"see the pictures in {tmp_path}"


def test_links_and_pixel_change_no_pixel_of_the_corpus_templates(
    screens: dict[str, Screen], tmp_path: Path
) -> None:
    paths = sorted(corpus().glob("tmpl-*/**/*.html"))
    assert paths, "no templates in the corpus"
    assert differing(screens["light"], paths, tmp_path, opens=True) == [], f"see the pictures in {tmp_path}"


def test_a_style_sheet_that_asks_for_the_address_is_a_limit(screen: Screen, tmp_path: Path) -> None:
    """Once this passes no more, the docs may say so."""
    path = TEMPLATES / "limits" / "selects-by-address.html"
    assert differing(screen, [path], tmp_path, opens=False)


def test_a_style_sheet_that_counts_from_the_end_is_a_limit_of_the_pixel(
    screen: Screen, tmp_path: Path
) -> None:
    path = TEMPLATES / "limits" / "counts-from-the-end.html"
    assert differing(screen, [path], tmp_path, opens=False) == []
    assert differing(screen, [path], tmp_path, opens=True)
