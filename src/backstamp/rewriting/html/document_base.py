"""document_base: against which address the relative links of an HTML text are read."""

from typing import NamedTuple

from turbohtml import Document, Element, Namespace

from backstamp.rewriting.html.other_readers.other_readings import in_condition
from backstamp.rewriting.html.source.attribute_text import attribute_value
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.html.source.value_places import value_span
from backstamp.urls.parsing import scheme_of, strip_link_text, web_url


class DocumentBase(NamedTuple):
    """A document's own base as it is written, None without one; `in_doubt` where a condition may hide it."""

    address: str | None = None
    in_doubt: bool = False


def document_base(text: OneLine, tree: Document) -> DocumentBase:
    """Return the base that a document says it has: the first counts (WHATWG HTML §4.2.3)."""
    for element in tree.select("base[href]"):
        if element.namespace is Namespace.HTML and element.closest("template") is None:
            in_doubt = in_condition(text.line, element.source_col or 0)
            return DocumentBase(_address(text, element), in_doubt)
    return DocumentBase()


def joined_base(inner: str | None, outer: str | None) -> str | None:
    """Return the base of a document inside a document: its own, read against the outer one's."""
    if inner is None or outer is None or scheme_of(strip_link_text(inner)):
        return inner or outer
    whole_outer = web_url(strip_link_text(outer))
    url = web_url(strip_link_text(inner), whole_outer.href if whole_outer is not None else None)
    return url.href if url is not None else outer


def _address(text: OneLine, element: Element) -> str:
    """Return the address with its own line ends."""
    span = value_span(text.line, element, "href")
    if span is None:
        return text.own(element.attr("href") or "")
    return attribute_value(text.original(span[0], span[1]), span[2])
