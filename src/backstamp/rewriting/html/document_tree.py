"""document_tree: the tree a browser would build, and what is read off one that knows the source's places."""

import turbohtml
from turbohtml import Document

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.html.bare_addresses import bare_addresses, signs_of_addresses
from backstamp.rewriting.html.body_end import body_end, ordinary_body_end
from backstamp.rewriting.html.other_readers.conditional_comments import (
    ConditionalComments,
    comments_of,
    count_markers,
)
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.html.source.tree_cost import is_heavy


class DocumentTree:
    """The tree of an HTML text.

    Attributes: `tree`; `words`, the addresses in words, where these are asked for; `conditional`, the
    conditional comments. A text that is heavy has a tree without source locations: where any are wanted they
    are asked of another, which goes before. To build one takes a twentieth of the time that all else takes.
    """

    def __init__(self, text: OneLine, *, scripting: bool, words: bool) -> None:
        self._source = source = text.line
        self._scripting = scripting
        self._body_end: int | None = None
        heavy = is_heavy(source)
        located = not heavy or count_markers(source) > 0
        tree = self._parse(locations=located)
        signs = signs_of_addresses(text, tree) if words else None
        if not located:
            self._body_end = ordinary_body_end(source, tree)
            if signs is not None or self._body_end is None:
                located = True
                del tree
                tree = self._parse(locations=True)
        self.words: list[FoundLink] = []
        if signs is not None:
            self.words = bare_addresses(text, tree, signs)
        self.conditional = ConditionalComments(source, tree)
        if heavy and located:
            self._body_end = body_end(source, tree)
            self.conditional.comments.clear()
            del tree
            tree = self._parse(locations=False)
            if self.conditional.found:
                self.conditional.comments = comments_of(tree)
        self.tree: Document = tree

    def _parse(self, *, locations: bool) -> Document:
        # A declared shadow root is read as a template: its links are found either way.
        return turbohtml.parse(
            self._source,
            source_locations=locations,
            scripting=self._scripting,
            allow_declarative_shadow_roots=False,
        )

    def body_end(self) -> int:
        """Return the offset at which a pixel is the last thing in the rendered body."""
        return self._body_end if self._body_end is not None else body_end(self._source, self.tree)

    def forget(self) -> None:
        """Let the memory of the tree go."""
        self.tree = turbohtml.parse("")
        self.conditional.comments.clear()
