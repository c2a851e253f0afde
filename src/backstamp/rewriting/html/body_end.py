"""body_end: where in the source of an HTML text the rendered body ends."""

import re
from typing import Final

from turbohtml import Document

_ONLY_ENDINGS: Final = re.compile(r"(?:\s|</(?:body|html)\s*>|<!--(?!\s*\[)[^<>]*-->)*", re.IGNORECASE)
_ORDINARY: Final = re.compile(r"</body>\s*</html>\s*\Z", re.IGNORECASE)
_BEGINNINGS: Final = ("</bo", "</Bo", "</bO", "</BO")
_LONGEST: Final = 200


def body_end(source: str, tree: Document) -> int:
    """Return the offset at which what is put in is the last thing in the rendered body.

    That is before `</body>` (or `</html>`), unless more than white space and comments follows; else the end.
    The tree has source locations.
    """
    for name in ("body", "html"):
        element = tree.select_one(name)
        location = element.source_location if element is not None else None
        if location is None or location.end_tag is None:
            continue
        if _ONLY_ENDINGS.fullmatch(source, location.end_tag.end_offset):
            return location.end_tag.start_offset
    return len(source.rstrip())


def ordinary_body_end(source: str, tree: Document) -> int | None:
    """Return the same by a tree without locations, where a document ends as nearly all do; else None.

    Where its one `</body>` means nothing (in a comment, or a table cell left open) nothing that is put in
    would be the last thing in the body, wherever it stands.
    """
    ending = _ORDINARY.search(source, max(len(source) - _LONGEST, 0))
    if ending is None or sum(map(source.count, _BEGINNINGS)) > 1:
        return None
    body = tree.select_one("body")
    return ending.start() if body is not None and body.source_col is not None else None
