"""walk: which parts of a message may be changed, and why the others are left alone."""

from collections.abc import Iterator

import msgspec

from backstamp.mail.structure import Defect, Part
from backstamp.mail.transfer import is_uuencoded
from backstamp.rewriting.reasons import SkipReason
from backstamp.vocabulary import Direction

_PKCS7 = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_ENCRYPTED = frozenset({"application/pgp-encrypted", "application/pgp"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_ENCODED_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})
_TEXTS = frozenset({"text/html", "text/plain"})
_CONTAINER_DEFECTS = {
    Defect.NO_BOUNDARY: SkipReason.BROKEN_STRUCTURE,
    Defect.NO_PARTS: SkipReason.BROKEN_STRUCTURE,
    Defect.PARTS_AFTER_END: SkipReason.BROKEN_STRUCTURE,
    Defect.CONTRADICTING_FIELDS: SkipReason.BROKEN_STRUCTURE,
    Defect.TOO_DEEP: SkipReason.TOO_DEEP,
}


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
    if media_type in _PKCS7:
        kind = part.parameters.get("smime-type", "").lower()
        return SkipReason.SIGNED if kind in ("signed-data", "certs-only") else SkipReason.ENCRYPTED
    return None


def walk(root: Part, direction: Direction) -> Iterator[Visit]:
    """Yield every part that is no mere container, and every container that is left alone or doubtful."""
    stack: list[tuple[Part, SkipReason | None]] = [(root, None)]
    while stack:
        part, inherited = stack.pop()
        reason = inherited or sealed_reason(part)
        if part.children:
            doubt = _container_doubt(part)
            if part.is_multipart:
                if doubt is not None and Defect.CONTRADICTING_FIELDS in part.defects:
                    reason = reason or doubt
            elif reason is None and (direction is Direction.OUTBOUND or part.disposition == "attachment"):
                reason = SkipReason.ATTACHED_MESSAGE
            if (reason or doubt) is not None and inherited is None:
                yield Visit(part, reason, doubt)
            stack += ((child, reason) for child in reversed(part.children))
        else:
            yield _visit_leaf(part, reason, direction)


def _container_doubt(part: Part) -> SkipReason | None:
    return next((reason for defect, reason in _CONTAINER_DEFECTS.items() if defect in part.defects), None)


def _visit_leaf(part: Part, reason: SkipReason | None, direction: Direction) -> Visit:
    if reason is None:
        reason = _leaf_reason(part)
    doubt = None
    if direction is Direction.INBOUND and Defect.HEADER_BROKEN_OFF in part.defects:
        doubt = SkipReason.BROKEN_STRUCTURE
    return Visit(part, reason, doubt)


def _leaf_reason(part: Part) -> SkipReason | None:
    media_type = part.media_type
    if part.defects & _CONTAINER_DEFECTS.keys():
        return _container_doubt(part)
    if media_type in _ENCODED_MESSAGES:
        # Encoded, which RFC 2046 §5.2.1 forbids, or its header broke off: some mail programs show its links.
        return SkipReason.BROKEN_STRUCTURE
    if media_type in _TNEF:
        return SkipReason.TNEF
    if part.disposition == "attachment":
        return SkipReason.ATTACHMENT
    if media_type == "text/calendar":
        return SkipReason.CALENDAR
    if media_type == "text/x-amp-html":
        return SkipReason.AMP
    if media_type not in _TEXTS:
        return SkipReason.OTHER_TYPE
    return SkipReason.UUENCODED if is_uuencoded(part.cte) else None


def body_html(part: Part, changeable: frozenset[str]) -> Part | None:
    """Return the HTML part that a mail program shows as the body, if its path is among `changeable`.

    Of alternatives the last that holds HTML (RFC 2046 §5.1.4), else the first part that does.
    """
    if not part.children:
        return part if part.media_type == "text/html" and part.path in changeable else None
    if not part.is_multipart:
        return None
    children = part.children
    for child in reversed(children) if part.media_type == "multipart/alternative" else children:
        found = body_html(child, changeable)
        if found is not None:
            return found
    return None
