"""What an oracle reports: the links of one document, in tree order, and the shape of what is between them."""

import re
from collections.abc import Sequence
from typing import NamedTuple

ANY_HREF = "href"
"""The kind of a link whose element's namespace the oracle does not tell."""


_WEB = re.compile(r"https?://(?:[^/?#@]*@)?(?![^/?#]*%20)")
"""A web address with a host. Chromium escapes blanks in one, where others refuse it: it leads nowhere."""


class Reported(NamedTuple):
    """A link as an oracle sees it.

    `kind` is a `Carrier` value, or a word of the oracle's own where the manifest has no such carrier.
    `value` is the attribute with entities resolved, `url` what following it would request, as far as
    Chromium can say. `inert` ones stand in a template. `within` are the documents around a link that are
    themselves the text of an attribute (srcdoc), outermost first.
    """

    kind: str
    value: str
    url: str
    inert: bool = False
    within: Sequence[str] = ()

    @property
    def leads(self) -> bool:
        """Whether it leads to the web."""
        return _WEB.match(self.url) is not None

    @property
    def key(self) -> str:
        """What a manifest must list when the link is not wrapped: the target, or the text where none is."""
        return self.url if self.leads else self.value


class Reading(NamedTuple):
    """One view of one document. `shape` is a digest of all but the links' values ("" where unknown)."""

    links: list[Reported]
    shape: str = ""
    pixels: int = 0
