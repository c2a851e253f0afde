"""Where the only HTML is signed there is no pixel, and the manifest says that the signature is why."""

import pytest

from backstamp.rewriting import Options, PixelReport, SkipReason, plan
from tests.rewriting.messages import multipart, part
from tests.rewriting.sealers import FixedSealer
from tests.rewriting.signatures.places import CONTENTS, PLACES

SIGNATURE = part("application/pgp-signature", "not looked at")
SIGNED_HTML = multipart("signed", CONTENTS["html-8bit"], SIGNATURE, boundary="=_signed")
SIGNED_TEXT = multipart("signed", CONTENTS["text"], SIGNATURE, boundary="=_signed")


def pixel_beside(entity: bytes, place: str) -> PixelReport:
    """Return what became of the pixel; the entity is whole."""
    planned = plan(PLACES[place].put(entity), Options())
    rewritten = planned.apply(FixedSealer()).raw
    assert entity in rewritten
    assert rewritten.count(b"<img") == planned.has_pixel
    return planned.manifest.pixel


@pytest.mark.parametrize("place", ["root", "before-a-text-footer", "nested"])
def test_no_pixel_goes_into_signed_html_and_the_manifest_says_that_it_is_signed(place: str) -> None:
    assert pixel_beside(SIGNED_HTML, place) == PixelReport(skip_reason=SkipReason.SIGNED)


@pytest.mark.parametrize("place", ["before-a-text-footer", "nested", "forwarded"])
def test_beside_a_signed_text_the_manifest_says_that_there_is_no_html(place: str) -> None:
    assert pixel_beside(SIGNED_TEXT, place) == PixelReport(skip_reason=SkipReason.NO_HTML_PART)


@pytest.mark.parametrize("entity", [SIGNED_HTML, SIGNED_TEXT], ids=["html", "text"])
def test_a_pixel_goes_into_the_unsigned_html_beside_it(entity: bytes) -> None:
    assert pixel_beside(entity, "before-an-html-footer").part == "1.2"
