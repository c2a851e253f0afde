"""Every limit of `Limits`, tried on both sides: what fits is rewritten, one more is named and left alone."""

import gc

import msgspec
import pytest

from backstamp.rewriting import Direction, Limits, Options, SkipReason, plan, unwrap
from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.parts.text_part import TextPart
from tests.rewriting.messages import message, multipart, part
from tests.rewriting.sealers import FixedSealer

LINK = "<a href='https://example.com/'>x</a>"
RAW = message(LINK)
HEADER_BYTES = RAW.index(b"\r\n\r\n") + 2
NESTED = multipart("mixed", multipart("mixed", part("text/html", LINK), boundary="inner"))
LONG = message(f"<a href='https://example.com/{'a' * 80}'>x</a>")


@pytest.mark.parametrize(
    ("raw", "limit", "fits", "reason"),
    [
        (RAW, "message_bytes", len(RAW), SkipReason.TOO_BIG),
        (RAW, "html_bytes", len(LINK), SkipReason.PART_TOO_BIG),
        (RAW, "header_bytes", HEADER_BYTES + 2, SkipReason.HEADER_TOO_BIG),
        (NESTED, "depth", 2, SkipReason.TOO_DEEP),
        (NESTED, "parts", 3, SkipReason.TOO_MANY_PARTS),
        (RAW, "links", 1, SkipReason.TOO_MANY_LINKS),
        (LONG, "link_characters", len(f"https://example.com/{'a' * 80}"), SkipReason.URL_TOO_LONG),
    ],
)
@pytest.mark.parametrize("direction", list(Direction))
def test_what_is_as_big_as_allowed_is_rewritten_and_what_is_bigger_is_named(
    raw: bytes, limit: str, fits: int, reason: SkipReason, direction: Direction
) -> None:
    def planned(value: int) -> tuple[int, tuple[SkipReason, ...], bytes]:
        limits = msgspec.structs.replace(Limits(), **{limit: value})
        made = plan(raw, Options(direction=direction, opens=False, limits=limits))
        return len(made.links), made.manifest.unprotected, made.apply(FixedSealer()).raw

    links, unprotected, _ = planned(fits)
    assert (links, unprotected) == (1, ())
    # A header section needs room for the empty line behind it.
    links, unprotected, rewritten = planned(fits - (3 if limit == "header_bytes" else 1))
    assert (links, unprotected) == (0, (reason,))
    assert rewritten == raw


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("https://example.com/ mailto:a@b.example \r\n" * 40, "text/plain"),
        ((LINK + "<a href='mailto:a@b.example'>x</a>") * 40, "text/html"),
        ("<a href='mailto:a@b.example'>x</a>" * 40 + LINK, "text/html"),
    ],
)
@pytest.mark.parametrize("direction", list(Direction))
def test_as_many_links_as_may_be_wrapped_are_listed_besides_and_one_more_for_the_rest(
    body: str, kind: str, direction: Direction
) -> None:
    """Of 300,000 addresses in a text the manifest took 43 MB."""
    raw = multipart("mixed", part(kind, body), part(kind, body), part("text/calendar", "URL:" + body))
    made = plan(raw, Options(direction=direction, opens=False, limits=Limits(links=10)))
    manifest = made.manifest
    assert manifest.totals.wrapped == len(made.links)
    assert manifest.totals.skipped <= 10 + 3, "one for each part"
    assert SkipReason.TOO_MANY_LINKS in manifest.unprotected
    assert (
        unwrap(made.apply(FixedSealer()).raw, dict[str, str]().get, made.apply(FixedSealer()).manifest) == raw
    )


def test_links_of_excluded_hosts_take_no_room_from_those_that_are_listed_besides() -> None:
    raw = multipart(
        "mixed", part("text/html", LINK * 9), part("text/html", "<a href='mailto:a@b.example'>x</a>")
    )
    options = Options(
        direction=Direction.INBOUND, opens=False, limits=Limits(links=9), excluded_hosts=("example.com",)
    )
    reasons = [each.skip_reason for each in plan(raw, options).manifest.candidates]
    assert reasons == [SkipReason.EXCLUDED_HOST] * 9 + [SkipReason.MAILTO]


def test_every_limit_is_tried() -> None:
    tried = {"message_bytes", "html_bytes", "header_bytes", "depth", "parts", "links", "link_characters"}
    assert tried == set(Limits.__struct_fields__)


def test_the_tree_of_a_document_is_gone_before_the_places_of_its_links_are_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Both weigh several times what the document does.
    trees: list[int] = []

    def counted(self: TextPart, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        trees.append(sum(isinstance(each, HtmlText) for each in gc.get_objects()))
        return spans

    gc.collect()
    monkeypatch.setattr(TextPart, "byte_spans", counted)
    assert len(plan(RAW, Options()).links) == 1
    assert set(trees) == {0}
