"""walk: which parts of a message may be changed, and why the others are left alone."""

from collections.abc import Iterator
from typing import Final

import msgspec

from backstamp.mail.defects import Defect
from backstamp.mail.encodings.transfer import is_uuencoded
from backstamp.mail.structure import Part
from backstamp.rewriting.parts.kinds import (
    MESSAGES,
    PGP_MESSAGES,
    PKCS7,
    PKCS7_NAMES,
    is_calendar,
    is_data_for_programs,
    is_tnef,
    reads_as_plain_text,
)
from backstamp.rewriting.parts.shown import attachment_reason, type_reason
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.vocabulary import Direction

_ENCRYPTED: Final = PGP_MESSAGES | {"application/pgp-encrypted"}
_TEXTS: Final = frozenset({"text/html", "text/plain"})
_UNREADABLE: Final = {
    Defect.HEADER_TOO_BIG: SkipReason.HEADER_TOO_BIG,
    Defect.HEADER_IN_DOUBT: SkipReason.BROKEN_STRUCTURE,
    Defect.NO_BOUNDARY: SkipReason.BROKEN_STRUCTURE,
    Defect.NO_PARTS: SkipReason.BROKEN_STRUCTURE,
    Defect.CONTRADICTING_FIELDS: SkipReason.BROKEN_STRUCTURE,
    Defect.TOO_DEEP: SkipReason.TOO_DEEP,
}
"""Defects for which a part, and all inside it, is left alone."""
_DOUBTFUL: Final = {
    Defect.HEADER_BROKEN_OFF: SkipReason.BROKEN_STRUCTURE,
    Defect.BARE_CR: SkipReason.BROKEN_STRUCTURE,
    Defect.TYPE_IN_DOUBT: SkipReason.BROKEN_STRUCTURE,
    Defect.ODDLY_SPELLED: SkipReason.BROKEN_STRUCTURE,
    Defect.ENCODED_MULTIPART: SkipReason.BROKEN_STRUCTURE,
    Defect.PARTS_AFTER_END: SkipReason.BROKEN_STRUCTURE,
    Defect.UNSURE_DELIMITERS: SkipReason.BROKEN_STRUCTURE,
    Defect.LINKS_OUTSIDE_PARTS: SkipReason.OUTSIDE_PARTS,
}
"""Defects for which received mail is changed as far as it goes, and counts as unprotected."""


class Visit(msgspec.Struct, frozen=True):
    """A part on the way through the tree: `reason` is None where its text may be changed.

    `doubt` is set where it may be changed, and yet some mail programs may read something else there.
    """

    part: Part
    reason: SkipReason | None
    doubt: SkipReason | None = None


def sealed_reason(part: Part) -> SkipReason | None:
    """Return why nothing inside this part may change: signed or encrypted (RFC 1847, 8551, 3156)."""
    media_type = part.media_type
    if media_type == "multipart/signed":
        return SkipReason.SIGNED
    if media_type == "multipart/encrypted" or media_type in _ENCRYPTED:
        return SkipReason.ENCRYPTED
    if media_type in PKCS7 or (
        media_type.startswith("application/") and part.filename.lower().endswith(PKCS7_NAMES)
    ):
        kind = part.parameters.get("smime-type", "").lower()
        return SkipReason.SIGNED if kind in ("signed-data", "certs-only") else SkipReason.ENCRYPTED
    return None


def walk(root: Part, direction: Direction) -> Iterator[Visit]:
    """Yield every part that is no mere container, and every container that is left alone or doubtful."""
    inbound = direction is Direction.INBOUND
    stack: list[tuple[Part, SkipReason | None, bool]] = [(root, None, False)]
    while stack:
        part, inherited, aside = stack.pop()
        reason = inherited or sealed_reason(part) or _defect(part, _UNREADABLE)
        doubt = _defect(part, _DOUBTFUL) if inbound else None
        if not part.children:
            if reason is None:
                reason = _received_reason(part, aside=aside) if inbound else _sent_reason(part)
            if doubt is not None and reason is not None and not reason.unprotected:
                # To some programs it may be something else than what is left alone with good reason.
                reason = doubt
            yield Visit(part, reason, doubt)
            continue
        if not part.is_multipart and not inbound:
            reason = reason or SkipReason.ATTACHED_MESSAGE
        if (reason or doubt) is not None and inherited is None:
            yield Visit(part, reason, doubt)
        shown = _root_of_related(part) if part.media_type == "multipart/related" else None
        stack += (
            (child, reason, aside or (shown is not None and child is not shown))
            for child in reversed(part.children)
        )


def _root_of_related(part: Part) -> Part:
    """Of related parts that of `start`, or the first, is shown, and the others inside it (RFC 2387 §3.2)."""
    start = part.parameters.get("start", "").strip()
    if start:
        for child in part.children:
            if child.header.first(b"content-id") == start:
                return child
    return part.children[0]


def _defect(part: Part, reasons: dict[Defect, SkipReason]) -> SkipReason | None:
    if not part.defects:
        return None
    return next((reason for defect, reason in reasons.items() if defect in part.defects), None)


def _sent_reason(part: Part) -> SkipReason | None:
    reason = _special_reason(part)
    if reason is None and part.disposition not in ("", "inline"):
        # RFC 2183 §2.8: a disposition that nobody knows means attachment.
        reason = SkipReason.ATTACHMENT
    reason = reason or _text_reason(part)
    if reason is None and part.media_type not in _TEXTS:
        reason = SkipReason.OTHER_TYPE
    if reason is None and Defect.TYPE_IN_DOUBT in part.defects:
        reason = SkipReason.BROKEN_STRUCTURE
    return reason


def _received_reason(part: Part, *, aside: bool) -> SkipReason | None:
    """The author of received mail may be lying: what some mail program shows is text, whatever its name."""
    reason = _special_reason(part) or (SkipReason.CALENDAR if is_calendar(part) else None)
    if reason is not None:
        return reason
    is_text = part.media_type in _TEXTS or reads_as_plain_text(part, aside=aside)
    is_attached = part.disposition == "attachment" or is_data_for_programs(part)
    if is_attached and (part.filename or not is_text):
        return attachment_reason(part)
    return _text_reason(part) or (None if is_text else type_reason(part, aside=aside))


def _special_reason(part: Part) -> SkipReason | None:
    if part.media_type in MESSAGES:
        # Encoded, which RFC 2046 §5.2.1 forbids, or its header broke off: some mail programs show its links.
        return SkipReason.BROKEN_STRUCTURE
    if is_tnef(part):
        return SkipReason.TNEF
    return None


def _text_reason(part: Part) -> SkipReason | None:
    if part.media_type == "text/calendar":
        return SkipReason.CALENDAR
    if part.media_type == "text/x-amp-html":
        return SkipReason.AMP
    return SkipReason.UUENCODED if part.media_type in _TEXTS and is_uuencoded(part.cte) else None


def body_html(part: Part, changeable: frozenset[str]) -> Part | None:
    """Return the HTML part that a mail program shows as the body, if its path is among `changeable`.

    Of alternatives the last that holds HTML (RFC 2046 §5.1.4), of related parts that which is shown, else
    the first part that does.
    """
    if not part.children:
        return part if part.media_type == "text/html" and part.path in changeable else None
    if not part.is_multipart:
        return None
    children = list(part.children)
    if part.media_type == "multipart/alternative":
        children.reverse()
    elif part.media_type == "multipart/related":
        shown = _root_of_related(part)
        children.sort(key=lambda child: child is not shown)
    for child in children:
        found = body_html(child, changeable)
        if found is not None:
            return found
    return None
