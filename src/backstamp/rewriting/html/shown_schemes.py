"""shown_schemes: where words that are a web address have their scheme, without which they are mere words.

Thunderbird compares such words with the link (PhishingDetector.sys.mjs of version 153, linkTextMismatch).
Where they show another domain, as beside each sealed link they do, it asks at the click, and the button that
is chosen already opens the words' address: past the protection. No setting of Thunderbird's turns that off.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from turbohtml import Element, Namespace, Text

from backstamp.rewriting.html.source.attribute_text import attribute_value
from backstamp.rewriting.html.source.value_places import end_of_start_tag, value_span
from backstamp.urls.parsing import WebUrl, web_url

_QUOTED: Final = re.compile(r'<(.+)>|"(.+)"')
_BEFORE_WORDS: Final = re.compile(
    r"(?:\s++|&(?:nbsp|#160|#xa0);|<!--(?:(?!-->)[\s\S]){0,2000}+-->"
    r"|</?(?!(?:a|area|iframe|noembed|noframes|noscript|plaintext|script|style|template|textarea|title|xmp)\b)"
    r"[a-z](?:[^<>\"']|\"[^\"]{0,2000}+\"|'[^']{0,2000}+')*+>)*+"
    r"(?:&(?:lt|quot|#60|#34);|\")?",
    re.IGNORECASE,
)
"""What may stand before them: all markup but links, and what is no text."""
_SCHEME: Final = re.compile(r"https?:[/\\]*+|&#?[0-9a-z]{1,32}+;?", re.IGNORECASE)
"""It, or the character reference in which it is written: the rest is no web address either."""
_ENDS_TEXT: Final = frozenset(" \t\n\f\r<\0")
_MOST_NODES: Final = 200
"""So many are looked at in a link: others may be nested in it."""


def words_in(elements: Iterable[Element]) -> Iterator[Text | Element]:
    """Yield the texts in a link that are not blank, and the images that have words in their stead.

    Thunderbird takes them together for what a link shows (gatherTextUnder). `elements` are those that the
    tree has for it: mostly one.
    """
    for each in elements:
        for node in islice(each.descendants, _MOST_NODES):
            if read_words(node).strip():
                assert isinstance(node, Text | Element), "nothing else has words"
                yield node


def read_words(node: object) -> str:
    """Return the words that a text or an image itself is to a reader."""
    if isinstance(node, Text):
        return node.data
    if isinstance(node, Element) and node.tag == "img" and node.namespace is Namespace.HTML:
        return node.attr("alt") or ""
    return ""


def write_words(node: Text | Element, words: str) -> None:
    """Give a text, or an image, other words."""
    if isinstance(node, Text):
        node.data = words
    else:
        node.attrs["alt"] = words


def put_before(words: str, scheme: str) -> str:
    """Return words with a scheme before their first sign that is neither blank nor a bracket around them."""
    behind = _behind_bracket(words)
    return words[: len(words) - len(behind)] + scheme + behind


def _behind_bracket(words: str) -> str:
    return words.lstrip().removeprefix("<").removeprefix('"')


def shown_address(words: str) -> WebUrl | None:
    """Return the web address that all words of a link come to together, as Thunderbird reads them."""
    joined = words.replace(" ", "")
    quoted = _QUOTED.fullmatch(joined)
    if quoted is not None:
        joined = quoted[1] or quoted[2]
    return web_url(joined) if joined[:4].lower() == "http" else None


def scheme_of_link(
    source: str, elements: list[Element], label: str, is_ours: Callable[[str], bool]
) -> tuple[int, int] | None:
    """Return the span of the scheme with which the words of a link begin.

    Args:
        source: the text, in one line.
        elements: those that the tree has for the link; all have the place of the first.
        label: the words, white space folded.
        is_ours: whether words with this host may stay.

    None where they are no address, would be one all the same, or nothing but blanks would follow in the same
    text: what a parser makes of all that is behind it may hang on whether there are words.
    """
    first = next(words_in(elements), None)
    column = elements[0].source_col
    if first is None or column is None:
        return None
    if isinstance(first, Text):
        found = shown_scheme(source, end_of_start_tag(source, column), label, is_ours)
    else:
        value = value_span(source, first, "alt")
        # Without quotes what follows the scheme might be one.
        label = " ".join(read_words(first).split())
        found = shown_scheme(source, value[0], label, is_ours) if value is not None and value[2] else None
    if found is None or source[found[1] : found[1] + 1] in _ENDS_TEXT:
        return None
    behind = _behind_bracket(read_words(first))
    scheme = written_scheme(source, found)
    return found if behind.startswith(scheme) and behind[len(scheme) :][:1].strip() else None


def shown_scheme(
    source: str, start: int, words: str, is_ours: Callable[[str], bool]
) -> tuple[int, int] | None:
    """Return the span of the scheme with which a link's words begin, the first of which stand behind `start`.

    None where the words are no address, would be one all the same, or their host `is_ours`.
    """
    shown = shown_address(words)
    if shown is None or is_ours(shown.host):
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
