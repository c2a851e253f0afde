"""word_fields: links of Word's fields, which stand as text in comments for `supportFields`, or in a style."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

from backstamp.rewriting.text.text_links import find_text_links

FIELDS_IN_STYLES: Final = '[style*="field-" i]'
"""Elements by which Word may know a field outside of comments."""

_HYPERLINK: Final = re.compile(
    r"\bHYPERLINK\b(?:\s|&nbsp;|&#160;|\\[a-z]\b|<[^<>]*>)*+"
    r"(?:\"|&quot;|&#34;)((?:(?!&quot;|&#34;)[^\"<>])+)(?:\"|&quot;|&#34;)",
    re.IGNORECASE,
)
"""ECMA-376-1, 17.16.5.25: `HYPERLINK [switches] "address"`."""
_FIELD_CODE: Final = re.compile(r"mso-field-code\s*:((?:[^;}<>&]|&#?\w{1,8};|&){1,4000}+)", re.IGNORECASE)
_CSS_ESCAPE: Final = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))")


def addresses_in_styles(markup: str) -> Iterator[tuple[int, int, str]]:
    """Yield the addresses of fields that a style holds, with where its value stands.

    Word makes a field of `<span style='mso-field-code:"..."'>`, whatever its address is in (CSS escapes,
    references).
    """
    for match in _FIELD_CODE.finditer(markup):
        code = _CSS_ESCAPE.sub(_unescaped, unescape(match[1]))
        for link in find_text_links(code):
            yield *match.span(1), link.value


def _unescaped(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[2]
    code = int(match[1], 16)
    return chr(code) if code < 0x110000 else "\ufffd"


def hyperlink_spans(markup: str) -> Iterator[tuple[int, int]]:
    """Yield where in the markup of a conditional comment the addresses of HYPERLINK fields stand."""
    if "hyperlink" in markup.lower():
        for match in _HYPERLINK.finditer(markup):
            yield match.span(1)
