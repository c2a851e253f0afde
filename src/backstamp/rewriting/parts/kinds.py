"""kinds: what a part is to mail programs and desktops, by its type and its name.

What they do with attachments and rare types differs. Thunderbird, for one, shows any text and message part
below the body, `Content-Disposition: attachment` or not, and takes application/octet-stream for what its file
name says (mailnews/mime/src/mimei.cpp).
"""

from typing import Final

from backstamp.mail.structure import Part

PARTIAL: Final = "message/partial"
"""Outlook puts those of one message together (RFC 2046 §5.2.2), and of one there may be but one."""
MESSAGES: Final = frozenset({"message/rfc822", "message/global", "message/news"})
_POINTERS: Final = frozenset({PARTIAL, "message/external-body"})
"""Messages whose content is elsewhere: assembled from several mails, or fetched from an address."""
PKCS7: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
PKCS7_NAMES: Final = (".p7m", ".p7z")
"""RFC 8551 §3.2.1: by these names programs know S/MIME that is called something else on the way."""
PGP_MESSAGES: Final = frozenset({"application/pgp", "application/x-pgp-message"})
"""Encrypted, or not: Thunderbird shows them as plain text (mailnews/mime/src/mimei.cpp)."""
_TNEF: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_TNEF_NAMES: Final = frozenset({"winmail.dat", "win.dat"})
_RICH_TEXT: Final = frozenset({"text/rtf", "application/rtf", "application/x-rtf"})
_SVG: Final = frozenset({"image/svg+xml", "image/svg"})
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
_SHORTCUT_NAMES: Final = (
    *(".url", ".website", ".webloc", ".desktop"),
    *(".library-ms", ".searchconnector-ms", ".search-ms", ".scf"),
)
_CARDS: Final = frozenset({"text/vcard", "text/x-vcard", "text/directory"})
_CARD_NAMES: Final = (".vcf", ".vcard")
_CALENDARS: Final = frozenset({"text/calendar", "application/ics", "text/x-vcalendar", "text/vcalendar"})
_CALENDAR_NAMES: Final = (".ics", ".ical", ".ifb", ".vcs")
_HTML_NAMES: Final = (".html", ".htm", ".shtml", ".shtm", ".xhtml", ".xht", ".svg")
_MESSAGE_NAMES: Final = (".eml", ".mht", ".mhtml")
_TEXT_NAMES: Final = (
    *(".txt", ".text", ".asc", ".log", ".md", ".csv"),
    *_SHORTCUT_NAMES,
    *_MESSAGE_NAMES,
    *_CARD_NAMES,
)


def is_untyped(part: Part) -> bool:
    """Whether the type of this part says no more than that it is a file."""
    return part.media_type in _UNTYPED


def _is_file(part: Part, names: tuple[str, ...]) -> bool:
    return is_untyped(part) and part.filename.lower().endswith(names)


def is_message_file(part: Part) -> bool:
    """Whether this part is a file that its name says is a message."""
    return _is_file(part, _MESSAGE_NAMES)


def is_text_file(part: Part) -> bool:
    """Whether this part is a file that its name says is a text of some kind."""
    return _is_file(part, _TEXT_NAMES)


def is_pointer(part: Part) -> bool:
    """Whether the content of this part is elsewhere."""
    return part.media_type in _POINTERS


def is_tnef(part: Part) -> bool:
    """Whether this part is Microsoft's winmail.dat."""
    return part.media_type in _TNEF or part.filename.lower() in _TNEF_NAMES


def is_calendar(part: Part) -> bool:
    """Whether mail programs show this part as an invitation, attached or not, with its links."""
    return part.media_type in _CALENDARS or _is_file(part, _CALENDAR_NAMES)


def is_card(part: Part) -> bool:
    """Whether mail programs show this part as a visiting card, with what can be opened from it."""
    return part.media_type in _CARDS or _is_file(part, _CARD_NAMES)


def has_content_lines(part: Part) -> bool:
    """Whether this part is a calendar entry or a card, in which addresses may be folded or escaped."""
    return is_calendar(part) or is_card(part)


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
    return part.media_type == "text/html" or is_html_like(part) or is_svg(part) or is_html_by_name(part)


def is_html_like(part: Part) -> bool:
    """Whether the type of this part is another one of HTML."""
    return part.media_type != "text/html" and "htm" in part.media_type


def is_svg(part: Part) -> bool:
    """Whether this part is a picture that may hold links."""
    return part.media_type in _SVG


def is_html_by_name(part: Part) -> bool:
    """Whether desktops hand a file to a browser by its name; a text that is no attachment is shown as one."""
    if part.media_type.startswith("text/"):
        is_file = part.disposition == "attachment"
    else:
        is_file = not part.media_type.startswith(("message/", "multipart/"))
    return is_file and part.filename.lower().endswith(_HTML_NAMES)


def is_formatted_text(part: Part) -> bool:
    """Whether this part is RTF or a card, of which mail programs show what is meant and not what is written.

    A new URL in a card's folded line would be joined with the rest of the old one.
    """
    return part.media_type in _RICH_TEXT or part.media_type in _CARDS


def may_show_links(part: Part) -> bool:
    """Whether links can be read in the octets of a part that is left alone, and reach somebody from there.

    Of an opaque signature, and of TNEF, that is true where they hold the text as it is.
    """
    media_type = part.media_type
    return (
        media_type.startswith(("text/", "message/", "multipart/"))
        or is_html(part)
        or is_calendar(part)
        or is_rich_text(part)
        or media_type in PKCS7
        or media_type in PGP_MESSAGES
        or media_type in _TNEF
        or is_shortcut(part)
        or _is_file(part, (*_TEXT_NAMES, ".dat", *PKCS7_NAMES))
    )


def reads_as_plain_text(part: Part, *, aside: bool) -> bool:
    """Whether mail programs show this part, of another type, like text/plain; `aside`: beside related HTML.

    RFC 2046 §4.1.4 says so of unknown kinds of text; of unknown kinds of message (delivery status and the
    like) it does not, and programs do it nonetheless.
    """
    if is_pointer(part) or is_formatted_text(part) or is_html_like(part):
        return False
    if aside and part.media_type in _RESOURCES:
        return False
    return part.media_type.startswith(("text/", "message/"))
