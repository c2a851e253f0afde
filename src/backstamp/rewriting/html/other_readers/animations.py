"""animations: where SVG's animations would let a link lead (SVG Animations 2, `attributeName="href"`)."""

from collections.abc import Iterator

from turbohtml import Document

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.html.source.value_places import value_span
from backstamp.rewriting.reporting.manifest import Carrier
from backstamp.rewriting.reporting.reasons import SkipReason


def animated_links(text: OneLine, tree: Document) -> Iterator[FoundLink]:
    """Yield the targets of animations, to be listed: nothing is wrapped there."""
    for element in tree.select("animate,set"):
        if not (element.attr("attributeName") or "").strip().lower().endswith("href"):
            continue
        for name in ("from", "to", "by", "values"):
            value = element.attr(name)
            if value is None:
                continue
            start, end, _ = value_span(text.line, element, name) or (0, 0, "")
            for target in value.split(";") if name == "values" else (value,):
                yield FoundLink(start, end, text.own(target), Carrier.ANIMATION, doubt=SkipReason.UNLOCATED)
