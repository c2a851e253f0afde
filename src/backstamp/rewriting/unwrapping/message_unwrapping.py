"""message_unwrapping: the original message back, exactly with its manifest, or from the URLs alone."""

import zlib
from collections.abc import Iterator
from typing import Final

from backstamp.mail.header_section import HeaderSection
from backstamp.mail.multipart import TooManyPartsError
from backstamp.mail.patches import OverlapError, Patch, apply_patches
from backstamp.mail.structure import Part, parse_structure
from backstamp.rewriting.header.unsubscribe import added_fields
from backstamp.rewriting.options import Limits
from backstamp.rewriting.parts.kinds import is_calendar
from backstamp.rewriting.parts.text_part import PartUnreadableError, TextPart
from backstamp.rewriting.parts.walk import sealed_reason, walk
from backstamp.rewriting.reporting.manifest import Edit, Manifest
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.rewriting.text.flowed import flow_of
from backstamp.rewriting.unwrapping.calendar_unwrapping import calendar_edits
from backstamp.rewriting.unwrapping.header_unwrapping import subject_patches
from backstamp.rewriting.unwrapping.html_unwrapping import html_edits
from backstamp.rewriting.unwrapping.respelled import Reader
from backstamp.rewriting.unwrapping.text_unwrapping import text_edits
from backstamp.vocabulary import Direction

_READ: Final = (None, SkipReason.BROKEN_STRUCTURE, SkipReason.CALENDAR)
"""A part in doubt may be one of which that was said because we have put something in; a meeting that somebody
makes of a mail quotes it."""
_MAX_ORIGINAL: Final = 150 * 1024 * 1024


def unwrap(raw: bytes, reader: Reader, manifest: Manifest | None = None) -> bytes:
    """Return the message without our URLs. Never raises for any bytes.

    With the manifest of this very message (new URLs and edits included) the original comes back byte for
    byte, also where trace fields were put before it on the way. Without, or where the manifest does not
    fit, every link that `reader` knows becomes its target, every pixel's element goes, and so does a
    List-Unsubscribe of ours. Subjects and calendar entries are read, too: a reply may quote us there, and
    the headers of attached messages, which a mail of ours may be.
    """
    if manifest is not None and manifest.edits:
        exact = _undo(raw, manifest)
        if exact is not None:
            return exact
    return apply_patches(raw, unwrapping_patches(raw, reader))


def unwrapping_patches(raw: bytes, reader: Reader) -> list[Patch]:
    """Return what `unwrap` does to a message without its manifest. Never raises for any bytes."""
    try:
        root = parse_structure(raw, Limits().structure())
    except TooManyPartsError:
        return []
    patches: list[Patch] = []
    for header in _headers(root):
        patches += [Patch(field.start, field.end, b"") for field in added_fields(header, reader)]
        patches += subject_patches(raw, header, reader)
    for visit in walk(root, Direction.INBOUND):
        if visit.reason in _READ and not visit.part.children:
            patches += _part_patches(raw, visit.part, reader)
    return patches


def _headers(root: Part) -> Iterator[HeaderSection]:
    """Yield the headers of a message and of those attached to it, but for signed and encrypted parts."""
    yield root.header
    stack = [root]
    while stack:
        part = stack.pop()
        if sealed_reason(part) is None:
            stack += part.children
            if not part.is_multipart:
                yield from (child.header for child in part.children)


def _undo(raw: bytes, manifest: Manifest) -> bytes | None:
    """Return the original, or None where the manifest is of another message or damaged."""
    originals = _originals(manifest.edits)
    if originals is None or any(edit.length < 0 for edit in manifest.edits):
        return None
    grown = sum(edit.length for edit in manifest.edits) - sum(map(len, originals))
    shift = len(raw) - manifest.size - grown
    if shift < 0:
        return None
    patches: list[Patch] = []
    for edit, original in zip(manifest.edits, originals, strict=True):
        start = edit.start + shift
        end = start + edit.length
        if not 0 <= start <= end <= len(raw) or zlib.crc32(raw[start:end]) != edit.check:
            return None
        patches.append(Patch(start, end, original))
        shift += edit.length - len(original)
    try:
        return apply_patches(raw, patches)
    except OverlapError:
        return None


def _originals(edits: tuple[Edit, ...]) -> list[bytes] | None:
    """Return what stood at each edit; None where it cannot be inflated, or is more than a message may be."""
    originals: list[bytes] = []
    room = _MAX_ORIGINAL
    for edit in edits:
        original = edit.original
        if edit.deflated:
            try:
                original = zlib.decompressobj(-15).decompress(original, room + 1)
            except zlib.error:
                return None
        room -= len(original)
        if room < 0:
            return None
        originals.append(original)
    return originals


def _part_patches(raw: bytes, part: Part, reader: Reader) -> list[Patch]:
    try:
        text_part = TextPart(raw, part, Limits().html_bytes)
    except PartUnreadableError:
        return []
    if part.media_type == "text/html":
        edits = html_edits(text_part.text, reader)
    elif is_calendar(part):
        edits = calendar_edits(text_part.text, reader)
    else:
        edits = text_edits(text_part.text, flow_of(part.parameters), reader)
    if not edits:
        return []
    editor = text_part.editor(text_part.byte_spans([(start, end) for start, end, _ in edits]))
    patches, _ = editor.patches([replacement.encode("ascii", "replace") for _, _, replacement in edits])
    return patches
