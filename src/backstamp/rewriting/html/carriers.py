"""carriers: which attributes of which elements hold a link."""

from collections.abc import Iterator
from typing import Final

from turbohtml import Document, Element, Namespace

from backstamp.rewriting.reporting.manifest import Carrier

OTHERS: Final = (
    "[xlink\\:href],form[action],[formaction],iframe,frame,meta[http-equiv][content],embed[src],object[data],"
    "isindex[action]"
)
"""Elements that may hold a link in another attribute than `href`."""
_OTHER_NAMES: Final = ("form", "iframe", "frame", "embed", "object", "isindex")
_MARKS: Final = ("data-backstamp", "clicktracking", "data-clicktracking")
MARKED: Final = ",".join(f"[{name}]" for name in _MARKS)
"""Elements by which a link may be marked as one to be left alone."""
_SELDOM: Final = f"[xlink\\:href],[formaction],{MARKED}"


def any_seldom(tree: Document) -> bool:
    """Whether there may be any `OTHERS` or `MARKED`, which are seldom in mail: only then they are looked for.

    The parser finds a name in 0.1 µs; attributes it seeks in all of the tree, which is asked once.
    """
    return (
        any(tree.find(name) is not None for name in _OTHER_NAMES)
        or tree.select_one("meta[http-equiv]") is not None
        or tree.select_one(_SELDOM) is not None
    )


def href_carrier(element: Element) -> Carrier | None:
    """Return what the `href` of an element is; None where it is no link."""
    tag = element.tag
    if tag == "a":
        return Carrier.A if element.namespace is Namespace.HTML else _foreign_carrier(element)
    if tag == "area" and element.namespace is not Namespace.MATHML:
        return Carrier.AREA if element.namespace is Namespace.HTML else None
    if ":" in tag:
        return Carrier.VML
    return Carrier.MATHML if element.namespace is Namespace.MATHML else None


def other_attributes(element: Element) -> Iterator[tuple[str, Carrier]]:
    """Yield the attributes of one of the `OTHERS` that are a link, where they are there."""
    tag = element.tag
    if element.namespace is Namespace.MATHML:
        yield "xlink:href", Carrier.MATHML
    elif tag == "a":
        yield "xlink:href", Carrier.SVG_A
    elif tag in ("form", "isindex"):
        # Internet Explorer makes a form of <isindex>, as all did by HTML 4.
        yield "action", Carrier.FORM
    elif tag == "object":
        yield "data", Carrier.FRAME
    elif tag in ("iframe", "frame", "embed"):
        yield "src", Carrier.FRAME
    yield "formaction", Carrier.FORMACTION


def is_marked_off(element: Element) -> bool:
    """Whether a link is marked as one to be left alone."""
    for name in _MARKS:
        value = element.attr(name)
        if value is not None and value.strip().lower() in ("off", "false", "no"):
            return True
    return False


def _foreign_carrier(element: Element) -> Carrier:
    return Carrier.SVG_A if element.namespace is Namespace.SVG else Carrier.MATHML
