"""Another HTML parser as an oracle: lexbor, which shares nothing with the engine's or Chromium's."""

import re
from collections.abc import Mapping

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.rewriting.oracles.reports import ANY_HREF

_CARRIERS = {
    "area": (("area", "href"),),
    "form": (("form", "action"),),
    "button": (("formaction", "formaction"),),
    "input": (("formaction", "formaction"),),
    "iframe": (("srcdoc", "srcdoc"), ("frame", "src")),
    "frame": (("frame", "src"),),
}
_REFRESH = re.compile("refresh", re.IGNORECASE)
_INTEGRATION_POINTS = frozenset(
    {"foreignobject", "desc", "title", "annotation-xml", "mi", "mo", "mn", "ms", "mtext"}
)


def links_by_lexbor(document: str) -> tuple[list[tuple[str, str]], str]:
    """Return the links that lexbor sees outside templates, as (kind, value), and the document's base."""
    tree = LexborHTMLParser(document)
    found: list[tuple[str, str]] = []
    base: str | None = None
    for node in tree.root.traverse(include_text=False) if tree.root is not None else ():
        attributes = node.attributes
        if attributes:
            if node.tag == "base" and base is None and _language(node) == "html":
                base = attributes.get("href")
            found += _links(node, attributes)
    return found, base or ""


def _links(node: LexborNode, attributes: Mapping[str, str | None]) -> list[tuple[str, str]]:
    tag = node.tag or ""
    wanted: tuple[tuple[str, str], ...]
    if tag == "a":
        wanted = ((ANY_HREF, "href"),)
        if "xlink:href" in attributes and _language(node) == "svg":
            wanted = (*wanted, (ANY_HREF, "xlink:href"))
    elif ":" in tag:
        wanted = ((ANY_HREF, "href"),)
    elif tag == "meta":
        is_refresh = _REFRESH.fullmatch(attributes.get("http-equiv") or "") is not None
        wanted = (("meta_refresh", "content"),) if is_refresh and _language(node) == "html" else ()
    elif tag in _CARRIERS:
        wanted = _CARRIERS[tag] if _language(node) == "html" else ()
    else:
        wanted = ((ANY_HREF, "href"),) if "href" in attributes and _language(node) == "math" else ()
    return [(kind, attributes[name] or "") for kind, name in wanted if name in attributes]


def _language(node: LexborNode) -> str:
    """Return "svg" or "math" where the node belongs to it, else "html"; lexbor's binding does not say."""
    found = "html"
    parent = node.parent
    while parent is not None and (parent.tag or "").lower() not in _INTEGRATION_POINTS:
        if parent.tag in ("svg", "math"):
            found = str(parent.tag)
        parent = parent.parent
    return found
