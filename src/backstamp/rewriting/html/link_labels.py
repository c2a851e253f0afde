"""link_labels: the words of a link, by which people know it again in the console."""

from typing import Final

from turbohtml import Element

MAX_LABELS: Final = 5000
"""A label costs what is inside the element, and links of SVG and VML may be nested."""
_CHARACTERS: Final = 100


def label_of(element: Element) -> str:
    """Return the words of a link as a reader sees them, white space folded, at most 100 characters."""
    words = " ".join(element.text[: 4 * _CHARACTERS].split())
    if not words:
        image = element.find("img")
        words = " ".join((image.attr("alt") or "").split()) if image is not None else ""
    return words[:_CHARACTERS]
