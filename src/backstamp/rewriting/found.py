"""found: a link as it was found in the text of a part."""

import msgspec
from turbohtml import Element

from backstamp.rewriting.manifest import Carrier


class FoundLink(msgspec.Struct, kw_only=True):
    """A link: the span of its value in the part's text (characters), the value with entities resolved.

    `element` and `name` are the element and attribute that hold it; None and "" in plain text.
    """

    start: int
    end: int
    value: str
    carrier: Carrier
    name: str = ""
    element: Element | None = None
    conditional: bool = False
    marked_off: bool = False
