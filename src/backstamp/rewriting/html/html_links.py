"""html_links: the links of an HTML text, found on the tree a browser would build, with their source spans."""

import re
from collections.abc import Callable
from operator import attrgetter
from typing import Final

from turbohtml import Document, Element

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.html.attribute_links import AttributeLinks, Container, placed
from backstamp.rewriting.html.bare_addresses import MOST_WORDS
from backstamp.rewriting.html.document_base import document_base, joined_base
from backstamp.rewriting.html.document_tree import DocumentTree
from backstamp.rewriting.html.other_readers.animations import animated_links
from backstamp.rewriting.html.other_readers.conditional_comments import is_layout
from backstamp.rewriting.html.other_readers.other_readings import OtherReading, is_odd, other_readings
from backstamp.rewriting.html.other_readers.word_fields import (
    FIELDS_IN_STYLES,
    addresses_in_styles,
    hyperlink_spans,
)
from backstamp.rewriting.html.source.attribute_text import AttributeText, attribute_value
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.html.source.tree_cost import is_too_costly
from backstamp.rewriting.reporting.manifest import Carrier
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.rewriting.spans import overlaps
from backstamp.urls.parsing import strip_link_text

_NO_BASE: Final = "about:blank"
"""Of a reader who sees no base where the document has one."""
_WITH_HOST: Final = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:|https?://", re.IGNORECASE)
"""What no base changes: `https:a` is relative to one of that scheme (WHATWG URL, "special relative")."""
_START: Final = attrgetter("start")
_MAX_NESTING: Final = 3
_END_MARK_NAME: Final = "x-end"
_END_MARK: Final = f"<{_END_MARK_NAME}>"
"""Behind markup in which nothing is left open it becomes an element."""


class HtmlText:
    """An HTML text, its tree and its links.

    Attributes: `source` is the `line` of the text, and all spans are of it; `links` in source order;
    `elements` that hold a link in an attribute, by the offset of its value; `copies` of these, with that
    offset, where the tree has twice what the source has once (adoption agency); `containers` of links inside
    comments and attributes; `is_odd` tells of elements that may be read otherwise, `in_doubt` of conditional
    comments that Outlook may read in another way; `rivals` are seen by others only (see other_readings.py),
    to be listed; `words` are addresses in words, where these are asked for, in order: without a doubt where
    an element can be put around them; `unlocated` counts what holds links and could not be found.
    """

    def __init__(
        self, text: OneLine, *, depth: int = 0, reading: OtherReading | None = None, words: bool = False
    ) -> None:
        self.text = text
        self.source = text.line
        self._depth = depth
        self._reading = reading
        self._wants_words = words
        scripting = reading is not None and reading.scripting
        self._document = DocumentTree(text, scripting=scripting, words=words)
        self.words = self._document.words
        self.unlocated = int(len(self.words) >= MOST_WORDS)
        self.base, self._base_in_doubt = document_base(text, self.tree)
        self.is_odd = is_odd(self.tree)
        self.rivals: list[FoundLink] = []
        found = AttributeLinks(text)
        self.links, self.containers = found.links, found.containers
        self.elements, self.copies = found.elements, found.copies
        found.collect(self.tree, self._add_document)
        self.unlocated += found.unlocated
        self.in_doubt = self._collect_conditional()
        if words and self.tree.select_one(FIELDS_IN_STYLES) is not None:
            self._collect_fields()
        if reading is None:
            self._collect_rivals()
        if len(self.links) > 1:
            self.links.sort(key=_START)
        if len(self.words) > 1:
            self.words.sort(key=_START)

    @property
    def tree(self) -> Document:
        """The tree a browser would build."""
        return self._document.tree

    def body_end(self) -> int:
        """Return the offset at which a pixel is the last thing in the rendered body."""
        return self._document.body_end()

    def elements_by_place(self) -> dict[int, list[Element]]:
        """Return the elements that hold a link, and behind each its copies, by the offset of its value."""
        found = {start: [element] for start, element in self.elements.items()}
        for start, copy in self.copies:
            found[start].append(copy)
        return found

    def forget_tree(self) -> None:
        """Let the memory of the tree go; what was found stays."""
        self._document.forget()
        self.elements.clear()
        self.copies.clear()
        self.containers.clear()

    def _collect_rivals(self) -> None:
        """List what other readers see at another place, or with another base."""
        readings, lost = other_readings(self.text, self.tree, odd=self.is_odd, in_doubt=self.in_doubt)
        self.unlocated += lost
        if self.is_odd:
            self.rivals += animated_links(self.text, self.tree)
        if not readings:
            return
        known = {(link.start, link.value) for link in (*self.links, *self.rivals)}
        for reading in readings:
            if is_too_costly(reading.text):
                self.unlocated += 1
                continue
            other = HtmlText(OneLine(reading.text), depth=self._depth, reading=reading)
            for link in other.links:
                start = reading.place(link.start)
                base = link.base or other.base
                is_relative = _WITH_HOST.match(strip_link_text(link.value)) is None
                if (start, link.value) in known and (base == (link.base or self.base) or not is_relative):
                    continue
                known.add((start, link.value))
                # A reading may close a tag that the document leaves open.
                end = min(reading.place(link.end), len(self.source))
                link.start, link.end = min(start, end), max(start, end)
                link.base = base if base is not None or self.base is None else _NO_BASE
                link.doubt = SkipReason.UNLOCATED
                self.rivals.append(link)

    def _collect_conditional(self) -> bool:
        """Take in what stands in conditional comments; return whether Outlook may read them otherwise."""
        conditional = self._document.conditional
        self.unlocated += conditional.unlocated
        if self._depth >= _MAX_NESTING:
            self.unlocated += len(conditional.found)
            return False
        in_doubt = conditional.doubtful or self._base_in_doubt
        for each in conditional.found:
            if each.reveals:
                continue
            self.containers.append(Container(conditional.comments[each.number], each.start, each.end))
            markup = self.text.original(each.inner_start, each.inner_end)
            if is_layout(markup):
                continue
            inner = HtmlText(
                OneLine(markup + _END_MARK),
                depth=self._depth + 1,
                reading=self._reading,
                words=self._wants_words,
            )
            inner.add_fields(markup)
            inner.leave_out_behind(len(markup))
            # What is left open at the end is closed for Outlook in what follows.
            is_closed = inner.tree.select_one(_END_MARK_NAME) is not None
            has_own_base = inner.base is not None and inner.base != self.base
            in_doubt = in_doubt or inner.in_doubt or not is_closed or has_own_base
            self._take_over(inner, each.inner_start.__add__, conditional=True)
        return in_doubt

    def _collect_fields(self) -> None:
        """List the fields that only Word sees: in a style, or as words outside of comments."""
        original = self.text.original()
        found = [*addresses_in_styles(original)]
        if not self._depth:
            comments = [(each.start, each.end) for each in self.containers]
            spans = [each for each in hyperlink_spans(original) if not overlaps(comments, *each)]
            found += [(start, end, attribute_value(original[start:end], '"')) for start, end in spans]
            self.words = [word for word in self.words if not overlaps(spans, word.start, word.start + 1)]
        for start, end, value in found:
            link = FoundLink(start, end, value, Carrier.FIELD, doubt=SkipReason.UNLOCATED)
            self.rivals.append(link)

    def leave_out_behind(self, end: int) -> None:
        """Count a link that goes on behind `end`, without quotes up to the mark there, as unlocated."""
        for links in (self.links, self.rivals):
            within = [link for link in links if link.end <= end]
            self.unlocated += len(links) - len(within)
            links[:] = within

    def add_fields(self, markup: str) -> None:
        """Take in the fields of Word, as they stand in this markup of a conditional comment."""
        # Not again those of a comment within, which stand in both.
        known = {(link.start, link.end) for link in self.links}
        spans = [span for span in hyperlink_spans(markup) if span not in known]
        for start, end in spans:
            value = attribute_value(markup[start:end], '"')
            self.links.append(FoundLink(start, end, value, Carrier.FIELD))
        if spans:
            self.words = [word for word in self.words if not overlaps(spans, word.start, word.start + 1)]

    def _add_document(self, container: Container, text: AttributeText) -> None:
        """Read `srcdoc`: a whole document, written as an attribute's value."""
        if self._depth >= _MAX_NESTING or is_too_costly(text.text):
            link = FoundLink(container.start, container.end, text.text, Carrier.SRCDOC)
            link.doubt = SkipReason.NESTED_DOCUMENT
            self.links.append(link)
            return
        self.containers.append(container)
        inner = HtmlText(
            OneLine(text.text), depth=self._depth + 1, reading=self._reading, words=self._wants_words
        )
        self._take_over(inner, placed(container, text), conditional=False)

    def _take_over(self, inner: "HtmlText", place: Callable[[int], int], *, conditional: bool) -> None:
        self.unlocated += inner.unlocated
        self.links += inner.links
        self.rivals += inner.rivals
        self.words += inner.words
        for word in inner.words:
            if word.doubt is None:
                word.doubt = SkipReason.BARE_ADDRESS
        for link in (*inner.links, *inner.rivals, *inner.words):
            link.start, link.end = place(link.start), place(link.end)
            link.name = ""
            if conditional:
                link.conditional = True
                link.base = link.base or inner.base
            else:
                link.levels += 1
                link.base = link.base or joined_base(inner.base, self.base)
