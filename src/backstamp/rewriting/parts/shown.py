"""shown: whether a part that is no body, or of a type that we do not change, shows links to its reader."""

import re
from typing import Final

from backstamp.mail.structure import Part
from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.html.source.tree_cost import is_too_costly
from backstamp.rewriting.parts.kinds import (
    is_card,
    is_formatted_text,
    is_html_by_name,
    is_html_like,
    is_message_file,
    is_pointer,
    is_rich_text,
    is_shortcut,
    is_svg,
    is_text_file,
    is_untyped,
)
from backstamp.rewriting.parts.text_part import PartUnreadableError, TextPart
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.rewriting.text.content_lines import content_line_links
from backstamp.rewriting.text.rich_text import may_hold_links
from backstamp.rewriting.text.text_links import find_text_links
from backstamp.rewriting.text.unwrapped_addresses import unwrapped_addresses

_MAX_BYTES: Final = 8 * 1024 * 1024
_ENCODED: Final = re.compile(
    r"^content-transfer-encoding:\s*(?:base64|quoted-printable)", re.IGNORECASE | re.MULTILINE
)
"""In a message that is only a file links may be hidden so."""
_ENCODED_URL: Final = re.compile(r"^(?:[\w-]+\.)?url;[^:\r\n]*quoted-printable", re.IGNORECASE | re.MULTILINE)
"""So may they in a card of version 2.1."""


def type_reason(part: Part, *, aside: bool) -> SkipReason:
    """Return why a received part is left alone that is no text; `aside`: a program shows it inside another.

    A picture that HTML names is only a picture, whatever links it holds.
    """
    if is_pointer(part):
        return SkipReason.SHOWN_TYPE
    text = is_formatted_text(part)
    shown = text or is_html_like(part) or (is_svg(part) and not aside)
    if shown and _holds_links(part, html=not text):
        return SkipReason.SHOWN_TYPE
    if is_shortcut(part) or (not aside and (is_untyped(part) or is_html_by_name(part))):
        return attachment_reason(part)
    return SkipReason.OTHER_TYPE


def attachment_reason(part: Part) -> SkipReason:
    """Return why a received attachment is left alone."""
    media_type = part.media_type
    html = media_type == "text/html" or is_html_like(part) or is_html_by_name(part)
    text = media_type.startswith(("text/", "message/")) or is_shortcut(part) or is_text_file(part)
    return (
        SkipReason.SHOWN_ATTACHMENT
        if (html or text) and _holds_links(part, html=html)
        else SkipReason.ATTACHMENT
    )


def _holds_links(part: Part, *, html: bool) -> bool:
    """Whether a part has links; one that cannot be read is taken to have some."""
    try:
        text = TextPart(part.message, part, _MAX_BYTES).text
    except PartUnreadableError:
        return True
    if html:
        if is_too_costly(text):
            return True
        read = HtmlText(OneLine(text))
        if read.links or read.rivals or read.unlocated:
            return True
    # Text that is not known for HTML is shown as it stands.
    as_text = not html or (part.media_type != "text/html" and part.media_type.startswith("text/"))
    if is_message_file(part) and _ENCODED.search(text) is not None:
        return True
    if is_card(part):
        return _ENCODED_URL.search(text) is not None or bool(content_line_links(text))
    if is_rich_text(part):
        return may_hold_links(text)
    if is_shortcut(part) and unwrapped_addresses(text, [], names=False):
        return True
    return as_text and bool(find_text_links(text))
