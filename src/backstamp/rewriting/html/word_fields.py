"""word_fields: the links of Word's fields, which stand as text in comments for `supportFields`."""

import re
from collections.abc import Iterator
from typing import Final

_HYPERLINK: Final = re.compile(
    r"\bHYPERLINK\b(?:\s|&nbsp;|&#160;|\\[a-z]\b|<[^<>]*>)*+"
    r"(?:\"|&quot;|&#34;)((?:(?!&quot;|&#34;)[^\"<>])+)(?:\"|&quot;|&#34;)",
    re.IGNORECASE,
)
"""ECMA-376-1, 17.16.5.25: `HYPERLINK [switches] "address"`."""


def hyperlink_spans(markup: str) -> Iterator[tuple[int, int]]:
    """Yield where in the markup of a conditional comment the addresses of HYPERLINK fields stand."""
    if "hyperlink" in markup.lower():
        for match in _HYPERLINK.finditer(markup):
            yield match.span(1)
