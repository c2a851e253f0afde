"""shown: parts that mail programs show to their readers though they are neither HTML nor plain text.

What programs do with attachments and rare types differs. Thunderbird, for one, shows any text and message
part below the body, `Content-Disposition: attachment` or not, and takes application/octet-stream for what
its file name says (mailnews/mime/src/mimei.cpp).
"""

import re
from typing import Final

from backstamp.mail.structure import Part
from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.html.source.tree_cost import is_too_costly
from backstamp.rewriting.parts.text_part import PartUnreadableError, TextPart
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.rewriting.text.content_lines import content_line_links
from backstamp.rewriting.text.rich_text import may_hold_links
from backstamp.rewriting.text.text_links import find_text_links
from backstamp.rewriting.text.unwrapped_addresses import unwrapped_addresses

_MAX_BYTES: Final = 8 * 1024 * 1024
_RICH_TEXT: Final = frozenset({"text/rtf", "application/rtf", "application/x-rtf"})
_SVG: Final = frozenset({"image/svg+xml", "image/svg"})
_POINTERS: Final = frozenset({"message/partial", "message/external-body"})
"""Messages whose content is elsewhere: assembled from several mails, or fetched from an address."""
_RESOURCES: Final = frozenset({"text/css", "text/javascript", "text/ecmascript"})
_UNTYPED: Final = frozenset(
    {"application/octet-stream", "application/octetstream", "application/x-octet-stream"}
    | {"binary/octet-stream", "application/binary", "application/x-unknown-content-type"}
    | {"application/unknown", "application/download", "application/x-download", "application/force-download"}
    | {"application/x-force-download", "application/x-msdownload", "application/save", "application/save-as"}
)
"""Types that say no more than "a file": its name tells programs what it is."""
_SHORTCUTS: Final = frozenset(
    {"application/internet-shortcut", "application/x-internet-shortcut", "application/x-mswinurl"}
    | {"application/x-url", "application/x-mswebsite", "application/x-webloc", "application/x-desktop"}
    | {"application/windows-library+xml", "application/windows-search-connector+xml"}
)
"""They hold an address, and open it: Windows' libraries and searches that of a share (CVE-2025-24071)."""
_HTML_NAMES: Final = (".html", ".htm", ".shtml", ".shtm", ".xhtml", ".xht", ".svg")
_CARDS: Final = frozenset({"text/vcard", "text/x-vcard", "text/directory"})
_CARD_NAMES: Final = (".vcf", ".vcard")
_MESSAGE_NAMES: Final = (".eml", ".mht", ".mhtml")
_SHORTCUT_NAMES: Final = (
    *(".url", ".website", ".webloc", ".desktop"),
    *(".library-ms", ".searchconnector-ms", ".search-ms", ".scf"),
)
_TEXT_NAMES: Final = (
    ".txt",
    ".text",
    ".asc",
    ".log",
    ".md",
    ".csv",
    *_SHORTCUT_NAMES,
    *_MESSAGE_NAMES,
    *_CARD_NAMES,
)
_ENCODED: Final = re.compile(
    r"^content-transfer-encoding:\s*(?:base64|quoted-printable)", re.IGNORECASE | re.MULTILINE
)
"""In a message that is only a file links may be hidden so."""
_ENCODED_URL: Final = re.compile(r"^(?:[\w-]+\.)?url;[^:\r\n]*quoted-printable", re.IGNORECASE | re.MULTILINE)
"""So may they in a card of version 2.1."""
_CALENDARS: Final = frozenset({"text/calendar", "application/ics", "text/x-vcalendar", "text/vcalendar"})
_CALENDAR_NAMES: Final = (".ics", ".ical", ".ifb", ".vcs")
_SEALED: Final = frozenset(
    {"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp", "application/x-pgp-message"}
)
_TNEF: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})


def is_calendar(part: Part) -> bool:
    """Whether mail programs show this part as an invitation, attached or not, with its links."""
    return part.media_type in _CALENDARS or (
        part.media_type in _UNTYPED and part.filename.lower().endswith(_CALENDAR_NAMES)
    )


def _is_card(part: Part) -> bool:
    """Whether mail programs show this part as a visiting card, with what can be opened from it."""
    return part.media_type in _CARDS or (
        part.media_type in _UNTYPED and part.filename.lower().endswith(_CARD_NAMES)
    )


def has_content_lines(part: Part) -> bool:
    """Whether this part is a calendar entry or a card, in which addresses may be folded or escaped."""
    return is_calendar(part) or _is_card(part)


def is_data_for_programs(part: Part) -> bool:
    """Whether this part, where it has a file name, is kept for a program, however it is laid into the mail.

    Each namespace in XML is an address, and a document with another one is another document: an invoice
    (`text/xml; name=...`, often inline) could not be read any more.
    """
    return part.media_type == "text/xml" or (
        part.media_type.startswith("text/") and part.media_type.endswith("+xml")
    )


def is_shortcut(part: Part) -> bool:
    """Whether this part is a file that opens the address in it, of whatever scheme that is.

    Desktops open it by its name, whatever its type says.
    """
    return part.media_type in _SHORTCUTS or part.filename.lower().endswith(_SHORTCUT_NAMES)


def is_rich_text(part: Part) -> bool:
    """Whether this part is RTF, in which an address may be written in pieces."""
    return part.media_type in _RICH_TEXT


def is_html(part: Part) -> bool:
    """Whether mail programs, or a browser that they hand it to, read this part as HTML."""
    media_type = part.media_type
    if media_type == "text/html" or _is_html_like(media_type) or media_type in _SVG:
        return True
    return _is_html_by_name(part)


def may_show_links(part: Part) -> bool:
    """Whether links can be read in the octets of a part that is left alone, and reach somebody from there.

    Of an opaque signature, and of TNEF, that is true where they hold the text as it is.
    """
    media_type = part.media_type
    return (
        media_type.startswith(("text/", "message/", "multipart/"))
        or is_html(part)
        or is_calendar(part)
        or media_type in _RICH_TEXT | _SEALED | _TNEF
        or is_shortcut(part)
        or (media_type in _UNTYPED and part.filename.lower().endswith((*_TEXT_NAMES, ".dat", ".p7m", ".p7z")))
    )


def reads_as_plain_text(part: Part, *, aside: bool) -> bool:
    """Whether mail programs show this part, of another type, like text/plain; `aside`: beside related HTML.

    RFC 2046 §4.1.4 says so of unknown kinds of text; of unknown kinds of message (delivery status and the
    like) it does not, and programs do it nonetheless.
    """
    media_type = part.media_type
    if media_type in _POINTERS or media_type in _RICH_TEXT | _CARDS or _is_html_like(media_type):
        # A new URL in a card's folded line would be joined with the rest of the old one.
        return False
    if aside and media_type in _RESOURCES:
        return False
    return media_type.startswith(("text/", "message/"))


def type_reason(part: Part, *, aside: bool) -> SkipReason:
    """Return why a received part is left alone that is no text; `aside`: a program shows it inside another.

    A picture that HTML names is only a picture, whatever links it holds.
    """
    media_type = part.media_type
    if media_type in _POINTERS:
        return SkipReason.SHOWN_TYPE
    text = media_type in _RICH_TEXT | _CARDS
    shown = text or _is_html_like(media_type) or (media_type in _SVG and not aside)
    if shown and _holds_links(part, html=not text):
        return SkipReason.SHOWN_TYPE
    if is_shortcut(part) or (not aside and (media_type in _UNTYPED or _is_html_by_name(part))):
        return attachment_reason(part)
    return SkipReason.OTHER_TYPE


def attachment_reason(part: Part) -> SkipReason:
    """Return why a received attachment is left alone."""
    media_type = part.media_type
    name = part.filename.lower() if media_type in _UNTYPED else ""
    html = media_type == "text/html" or _is_html_like(media_type) or _is_html_by_name(part)
    text = media_type.startswith(("text/", "message/")) or is_shortcut(part) or name.endswith(_TEXT_NAMES)
    if (html or text) and _holds_links(part, html=html, message=name.endswith(_MESSAGE_NAMES)):
        return SkipReason.SHOWN_ATTACHMENT
    return SkipReason.ATTACHMENT


def _is_html_by_name(part: Part) -> bool:
    """Whether desktops hand a file to a browser by its name; a text that is no attachment is shown as one."""
    if part.media_type.startswith("text/"):
        is_file = part.disposition == "attachment"
    else:
        is_file = not part.media_type.startswith(("message/", "multipart/"))
    return is_file and part.filename.lower().endswith(_HTML_NAMES)


def _is_html_like(media_type: str) -> bool:
    return media_type != "text/html" and "htm" in media_type


def _holds_links(part: Part, *, html: bool, message: bool = False) -> bool:
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
    if message and _ENCODED.search(text) is not None:
        return True
    if _is_card(part):
        return _ENCODED_URL.search(text) is not None or bool(content_line_links(text))
    if is_rich_text(part):
        return may_hold_links(text)
    if is_shortcut(part) and unwrapped_addresses(text, [], names=False):
        return True
    return as_text and bool(find_text_links(text))
