"""found: a link as it was found in the text of a part."""

import msgspec
from turbohtml import Element

from backstamp.rewriting.manifest import Carrier
from backstamp.rewriting.reasons import SkipReason


class FoundLink(msgspec.Struct, kw_only=True):
    """A link: the span of its value in the part's text (characters), the value with entities resolved.

    `element` and `name` are the element and attribute that hold it; None and "" in plain text. `doubt` is
    set where mail programs do not agree on the value, so that it is better left alone.
    """

    start: int
    end: int
    value: str
    carrier: Carrier
    name: str = ""
    element: Element | None = None
    conditional: bool = False
    marked_off: bool = False
    doubt: SkipReason | None = None
