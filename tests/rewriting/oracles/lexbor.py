"""Another HTML parser as an oracle: lexbor, which shares nothing with the engine's or Chromium's."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.rewriting.oracles.reports import ANY_HREF

_CARRIERS = {
    "area": (("area", "href"),),
    "form": (("form", "action"),),
    "button": (("formaction", "formaction"),),
    "input": (("formaction", "formaction"),),
    "iframe": (("srcdoc", "srcdoc"), ("frame", "src")),
    "frame": (("frame", "src"),),
    "object": (("frame", "data"),),
    "embed": (("frame", "src"),),
}
_REFRESH = re.compile("refresh", re.IGNORECASE)
_REFRESH_CONTENT = re.compile(
    r"\s*(?=[0-9.])[0-9]*[0-9.]*(?:[;,]|\s+[;,]?)\s*(?:url\s*=\s*([\"']?))?(.*)", re.IGNORECASE | re.DOTALL
)
"""HTML standard, "shared declarative refresh steps"."""
_DEEPEST = 20
_INTEGRATION_POINTS = {
    "svg": frozenset({"foreignobject", "desc", "title"}),
    "math": frozenset({"mi", "mo", "mn", "ms", "mtext"}),
}


class Found(NamedTuple):
    """A link as lexbor sees it: its kind and value, the base for it, the srcdoc texts around it."""

    kind: str
    value: str
    base: str
    within: tuple[str, ...]


def links_by_lexbor(document: str, fallback: str = "", within: tuple[str, ...] = ()) -> list[Found]:
    """Return the links that lexbor sees outside templates; `fallback` is the base where there is none."""
    tree = LexborHTMLParser(document)
    found: list[Found] = []
    own_base: str | None = None
    links: list[tuple[str, str]] = []
    for node in tree.root.traverse(include_text=False) if tree.root is not None else ():
        attributes = node.attributes
        if attributes:
            if node.tag == "base" and own_base is None and _language(node) == "html":
                own_base = attributes.get("href")
            links += _links(node, attributes)
    # HTML standard, "frozen base URL": a base is relative to the one of the document around it.
    base = urljoin(fallback, own_base) if own_base else fallback
    for kind, value in links:
        if kind != "srcdoc":
            found.append(Found(kind, value, base, within))
        elif len(within) < _DEEPEST:
            found += links_by_lexbor(value, base, (*within, value))
    return found


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
        target = _refresh_target(attributes.get("content") or "")
        return [("meta_refresh", target)] if is_refresh and target and _language(node) == "html" else []
    elif tag in _CARRIERS:
        wanted = _CARRIERS[tag] if _language(node) == "html" else ()
    else:
        wanted = ((ANY_HREF, "href"),) if "href" in attributes and _language(node) == "math" else ()
    return [(kind, attributes[name] or "") for kind, name in wanted if name in attributes]


def _refresh_target(content: str) -> str:
    match = _REFRESH_CONTENT.match(content)
    if match is None:
        return ""
    return (match[2].split(match[1])[0] if match[1] else match[2]).strip()


def _language(node: LexborNode) -> str:
    """Return "html", "svg" or "math": the namespace of an element, which lexbor's binding does not tell."""
    path = [node]
    while (parent := path[-1].parent) is not None:
        path.append(parent)
    language = "html"
    for around, element in zip(path[:0:-1], path[-2::-1], strict=True):
        tag = element.tag or ""
        if language == "html" or _is_integration_point(around, language):
            stays = language == "math" and tag in ("mglyph", "malignmark") and around.tag != "annotation-xml"
            language = language if stays else tag if tag in ("svg", "math") else "html"
        elif around.tag == "annotation-xml" and tag == "svg":
            language = "svg"
    return language


def _is_integration_point(element: LexborNode, language: str) -> bool:
    tag = (element.tag or "").lower()
    if tag == "annotation-xml":
        encoding = (element.attributes.get("encoding") or "").lower()
        return language == "math" and encoding in ("text/html", "application/xhtml+xml")
    return tag in _INTEGRATION_POINTS[language]
