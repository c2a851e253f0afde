"""shown_schemes: where words that are a web address have their scheme, without which they are mere words.

Thunderbird compares such words with the link (PhishingDetector.sys.mjs of version 153, linkTextMismatch).
Where they show another domain, as beside each sealed link they do, it asks at the click, and the button that
is chosen already opens the words' address: past the protection. No setting of Thunderbird's turns that off.
"""

import re
from typing import Final

from backstamp.rewriting.html.attribute_text import attribute_value
from backstamp.urls.parsing import WebUrl, web_url

_QUOTED: Final = re.compile(r'<(.+)>|"(.+)"')
_BEFORE_WORDS: Final = re.compile(
    r"(?:\s++|&(?:nbsp|#160|#xa0);|<!--(?:(?!-->)[\s\S]){0,2000}+-->"
    r"|</?(?!(?:a|area|iframe|img|math|noembed|noframes|noscript|plaintext|script|style|svg|template|textarea"
    r"|title|xmp)\b)[a-z](?:[^<>\"']|\"[^\"]{0,2000}+\"|'[^']{0,2000}+')*+>)*+"
    r"(?:&(?:lt|quot|#60|#34);|\")?",
    re.IGNORECASE,
)
"""What may stand before them: all markup but links, and what is no text or words of its own."""
_SCHEME: Final = re.compile(r"https?:[/\\]*+|&#?[0-9a-z]{1,32}+;?", re.IGNORECASE)
"""It, or the character reference in which it is written: the rest is no web address either."""


def shown_address(words: str) -> WebUrl | None:
    """Return the web address that all words of a link come to together, as Thunderbird reads them."""
    joined = words.replace(" ", "")
    quoted = _QUOTED.fullmatch(joined)
    if quoted is not None:
        joined = quoted[1] or quoted[2]
    return web_url(joined) if joined[:4].lower() == "http" else None


def shown_scheme(source: str, start: int, words: str) -> tuple[int, int] | None:
    """Return the span of the scheme with which a link's words begin, the first of which stand behind `start`.

    None where the words are no address, or would be one all the same.
    """
    if shown_address(words) is None:
        return None
    before = _BEFORE_WORDS.match(source, start)
    scheme = _SCHEME.match(source, before.end() if before is not None else start)
    if scheme is None:
        return None
    rest = words.replace(" ", "").replace(written_scheme(source, scheme.span()), "", 1)
    return scheme.span() if shown_address(rest) is None else None


def written_scheme(source: str, span: tuple[int, int]) -> str:
    """Return what a browser reads in such a span."""
    return attribute_value(source[span[0] : span[1]], '"')
