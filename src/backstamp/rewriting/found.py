"""found: a link as it was found in the text of a part."""

import msgspec

from backstamp.rewriting.reporting.manifest import Carrier
from backstamp.rewriting.reporting.reasons import SkipReason


class FoundLink(msgspec.Struct, gc=False):
    """A link: the span of its value in the part's text (characters), the value with entities resolved.

    `name` is the attribute that holds it, empty in plain text and in documents inside the document. `label`
    is what a reader sees of it, white space folded. `base` is the base of a document inside the document,
    `levels` how often its source is escaped. `doubt` is set where mail programs would read different
    addresses here, or where a relay is yet to fill in how the address goes on. `shown_scheme` is the span of
    the scheme in words that are an address, where the words are to be without it (see shown_schemes.py).
    """

    start: int
    end: int
    value: str
    carrier: Carrier
    name: str = ""
    label: str = ""
    conditional: bool = False
    marked_off: bool = False
    base: str | None = None
    levels: int = 1
    doubt: SkipReason | None = None
    shown_scheme: tuple[int, int] | None = None
