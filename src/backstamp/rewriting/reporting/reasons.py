"""reasons: why a link, a part, a pixel or a whole message was left alone. A closed list."""

from enum import StrEnum
from typing import Final


class SkipReason(StrEnum):
    """Why something was left as it came. `sentence` says it to a person, `unprotected` to the policy."""

    # a link
    LINKS_OFF = "links_off"
    OWN_LINK = "own_link"
    EXCLUDED_HOST = "excluded_host"
    UNSUBSCRIBE_LINK = "unsubscribe_link"
    MARKED_OFF = "marked_off"
    MERGE_TAG = "merge_tag"
    FOREIGN_WRAPPER = "foreign_wrapper"
    VISIBLE_URL = "visible_url"
    FRAGMENT = "fragment"
    MAILTO = "mailto"
    TELEPHONE = "telephone"
    CONTENT_ID = "content_id"
    DATA_URL = "data_url"
    SCRIPT = "script"
    OTHER_SCHEME = "other_scheme"
    RELATIVE_URL = "relative_url"
    HOST_WITHOUT_SCHEME = "host_without_scheme"
    INVALID_URL = "invalid_url"
    URL_TOO_LONG = "url_too_long"
    TOO_MANY_LINKS = "too_many_links"
    FORM = "form"
    FRAME = "frame"
    META_REFRESH = "meta_refresh"
    MATHML = "mathml"
    NESTED_DOCUMENT = "nested_document"
    UNLOCATED = "unlocated"
    FLOWED = "flowed"
    BARE_ADDRESS = "bare_address"
    BARE_NAME = "bare_name"
    CALENDAR_LINK = "calendar_link"
    HEADER_LINK = "header_link"
    # a part
    SIGNED = "signed"
    DKIM_SIGNED = "dkim_signed"
    ENCRYPTED = "encrypted"
    ATTACHMENT = "attachment"
    SHOWN_ATTACHMENT = "shown_attachment"
    ATTACHED_MESSAGE = "attached_message"
    CALENDAR = "calendar"
    AMP = "amp"
    OTHER_TYPE = "other_type"
    SHOWN_TYPE = "shown_type"
    UUENCODED = "uuencoded"
    TNEF = "tnef"
    UNSAFE_CHARSET = "unsafe_charset"
    UNKNOWN_ENCODING = "unknown_encoding"
    UNDECODABLE = "undecodable"
    BROKEN_STRUCTURE = "broken_structure"
    OUTSIDE_PARTS = "outside_parts"
    TOO_DEEP = "too_deep"
    PART_TOO_BIG = "part_too_big"
    TOO_COSTLY = "too_costly"
    NOT_REPRODUCED = "not_reproduced"
    # the pixel
    OPENS_OFF = "opens_off"
    NO_HTML_PART = "no_html_part"
    UNCLOSED_MARKUP = "unclosed_markup"
    # the message
    TOO_BIG = "too_big"
    TOO_MANY_PARTS = "too_many_parts"
    HEADER_TOO_BIG = "header_too_big"
    OUTSIDE_RECIPIENT = "outside_recipient"
    FAILED = "failed"

    @property
    def sentence(self) -> str:
        """A few plain words for the console: `own unsubscribe link`."""
        return _SENTENCES[self]

    @property
    def unprotected(self) -> bool:
        """Whether a reader may reach a link that we did not wrap (`on_unprotected` decides then)."""
        return self in UNPROTECTED

    @property
    def provoked(self) -> bool:
        """Whether an attacker might bring it about: a limit, a doubt, a failure, or a part that is sealed.

        The others say of what kind a single link is; they come with much ordinary mail.
        """
        return self in UNPROTECTED and self not in _OF_A_KIND


UNPROTECTED: Final = frozenset(
    {
        SkipReason.OTHER_SCHEME,
        SkipReason.HOST_WITHOUT_SCHEME,
        SkipReason.INVALID_URL,
        SkipReason.URL_TOO_LONG,
        SkipReason.TOO_MANY_LINKS,
        SkipReason.FORM,
        SkipReason.NESTED_DOCUMENT,
        SkipReason.UNLOCATED,
        SkipReason.FLOWED,
        SkipReason.BARE_ADDRESS,
        SkipReason.CALENDAR_LINK,
        SkipReason.SIGNED,
        SkipReason.DKIM_SIGNED,
        SkipReason.ENCRYPTED,
        SkipReason.SHOWN_ATTACHMENT,
        SkipReason.AMP,
        SkipReason.SHOWN_TYPE,
        SkipReason.UUENCODED,
        SkipReason.TNEF,
        SkipReason.UNSAFE_CHARSET,
        SkipReason.UNKNOWN_ENCODING,
        SkipReason.UNDECODABLE,
        SkipReason.BROKEN_STRUCTURE,
        SkipReason.OUTSIDE_PARTS,
        SkipReason.TOO_DEEP,
        SkipReason.PART_TOO_BIG,
        SkipReason.TOO_COSTLY,
        SkipReason.NOT_REPRODUCED,
        SkipReason.TOO_BIG,
        SkipReason.TOO_MANY_PARTS,
        SkipReason.HEADER_TOO_BIG,
        SkipReason.OUTSIDE_RECIPIENT,
        SkipReason.FAILED,
    }
)

_OF_A_KIND: Final = frozenset(
    {SkipReason.OTHER_SCHEME, SkipReason.FORM, SkipReason.BARE_ADDRESS, SkipReason.CALENDAR_LINK}
)

_SENTENCES: Final = {
    SkipReason.LINKS_OFF: "links are not tracked here",
    SkipReason.OWN_LINK: "already one of our links",
    SkipReason.EXCLUDED_HOST: "its host is on the exclusion list",
    SkipReason.UNSUBSCRIBE_LINK: "own unsubscribe link",
    SkipReason.MARKED_OFF: "marked by its author to be left alone",
    SkipReason.MERGE_TAG: "with a placeholder that is still to be filled in",
    SkipReason.FOREIGN_WRAPPER: "already wrapped by another link protection",
    SkipReason.VISIBLE_URL: "its words show a web address of another domain than the tracking domain",
    SkipReason.FRAGMENT: "a place in the same message",
    SkipReason.MAILTO: "a mail address",
    SkipReason.TELEPHONE: "a telephone number",
    SkipReason.CONTENT_ID: "a part of the same message",
    SkipReason.DATA_URL: "data inside the link itself",
    SkipReason.SCRIPT: "a script, which mail programs do not run",
    SkipReason.OTHER_SCHEME: "not a web address",
    SkipReason.RELATIVE_URL: "a relative address without a base",
    SkipReason.HOST_WITHOUT_SCHEME: "an address without http or https, which mail programs read differently",
    SkipReason.INVALID_URL: "not an address by the standard, though a program may open it all the same",
    SkipReason.URL_TOO_LONG: "its address is too long",
    SkipReason.TOO_MANY_LINKS: "more links than allowed in one message",
    SkipReason.FORM: "a form, whose fields would be lost on the way",
    SkipReason.FRAME: "a frame, which is loaded and not clicked",
    SkipReason.META_REFRESH: "an automatic move to another page, which is not clicked",
    SkipReason.MATHML: "a link in a formula",
    SkipReason.NESTED_DOCUMENT: "a document inside a document, which is not looked into",
    SkipReason.FLOWED: "it may go on in the next line",
    SkipReason.BARE_ADDRESS: "words that are an address, of which some mail programs make a link",
    SkipReason.CALENDAR_LINK: "in a calendar entry, which stays as it was sent",
    SkipReason.HEADER_LINK: "in a field of the header, of which some mail programs make a button",
    SkipReason.BARE_NAME: "a host name without http or https, of which some mail programs make a link",
    SkipReason.UNLOCATED: "its place in the source could not be told for certain",
    SkipReason.SIGNED: "signed: a change would break the signature",
    SkipReason.DKIM_SIGNED: "signed by DKIM, which is to be kept valid",
    SkipReason.ENCRYPTED: "encrypted",
    SkipReason.ATTACHMENT: "an attachment",
    SkipReason.SHOWN_ATTACHMENT: "an attached text with links, which some mail programs show in the message",
    SkipReason.ATTACHED_MESSAGE: "inside an attached message",
    SkipReason.CALENDAR: "a calendar entry",
    SkipReason.AMP: "AMP content, which must stay as its author validated it",
    SkipReason.OTHER_TYPE: "neither HTML nor plain text",
    SkipReason.SHOWN_TYPE: "of a type that some mail programs show, and whose links cannot be changed",
    SkipReason.UUENCODED: "uuencoded, or with a file within the text",
    SkipReason.TNEF: "in Microsoft's winmail.dat form",
    SkipReason.UNSAFE_CHARSET: "a charset in which single bytes cannot be changed safely",
    SkipReason.UNKNOWN_ENCODING: "an unknown transfer encoding",
    SkipReason.UNDECODABLE: "a damaged transfer encoding",
    SkipReason.BROKEN_STRUCTURE: "damaged MIME structure, which mail programs read differently",
    SkipReason.OUTSIDE_PARTS: "links before the first or behind the last part, which few mail programs show",
    SkipReason.TOO_DEEP: "nested too deeply",
    SkipReason.PART_TOO_BIG: "the text is too big",
    SkipReason.TOO_COSTLY: "it would cost too much to read",
    SkipReason.NOT_REPRODUCED: "the changed text did not read back as planned",
    SkipReason.OPENS_OFF: "opens are not tracked here",
    SkipReason.NO_HTML_PART: "no HTML part: opens cannot be measured; clicks can",
    SkipReason.UNCLOSED_MARKUP: "its markup does not end properly, so an image at the end could do harm",
    SkipReason.TOO_BIG: "the message is too big",
    SkipReason.TOO_MANY_PARTS: "the message has too many parts",
    SkipReason.HEADER_TOO_BIG: "the header is too big",
    SkipReason.OUTSIDE_RECIPIENT: "somebody outside gets the same octets, and is shown no link of ours",
    SkipReason.FAILED: "it could not be read",
}
