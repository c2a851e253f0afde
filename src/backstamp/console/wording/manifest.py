"""What was done to a message's links and why, in words, from the manifest that the gateway journalled."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from backstamp.rewriting.reporting.manifest import CandidateReport, Decision, Manifest
from backstamp.rewriting.reporting.reasons import SkipReason

ROWS_SHOWN: Final = 300
_LONGEST_URL: Final = 500
_TRACKED: Final = "tracked"

_CARRIERS: Final = {
    "a": "link",
    "area": "area of an image map",
    "svg_a": "link in a drawing",
    "vml": "Outlook drawing",
    "form": "form",
    "formaction": "form button",
    "text": "address in the text",
}
_ORDINARY: Final = frozenset({SkipReason.ATTACHMENT, SkipReason.OTHER_TYPE, SkipReason.LINKS_OFF})
"""Reasons to leave a part alone that nobody needs to be told: it holds no links that a person would miss."""


@dataclass(frozen=True)
class ManifestRow:
    """A link of the message and what was done with it."""

    where: str
    url: str
    tracked: bool
    decision: str
    reason: str


@dataclass(frozen=True)
class ManifestView:
    """The manifest as sentences, and a row for each link, at most `ROWS_SHOWN`."""

    sentences: tuple[str, ...]
    rows: tuple[ManifestRow, ...]
    more_rows: int
    wrapped: frozenset[int]
    """The numbers of the links that lead by us."""
    skipped: str
    """Why nothing was done, which is among the sentences; else ""."""


def read_manifest(text: str, *, received: bool = False, observed: bool = False) -> ManifestView | None:
    """Return what the manifest says, or None where there is none that this program reads.

    Links of `received` mail are guarded, those of sent mail tracked. Of mail that was only `observed` the
    manifest says what would have been done.
    """
    if not text:
        return None
    try:
        manifest = Manifest.from_json(text)
    except ValueError:
        return None
    candidates = manifest.candidates[:ROWS_SHOWN]
    done = "guardable" if observed else "guarded" if received else _TRACKED
    return ManifestView(
        sentences=tuple(_sentences(manifest, done)),
        rows=tuple(_row(candidate, done) for candidate in candidates),
        more_rows=len(manifest.candidates) - len(candidates),
        wrapped=frozenset(each.number for each in manifest.candidates if each.number is not None),
        skipped="" if manifest.skip_reason is None else manifest.skip_reason.sentence,
    )


def _sentences(manifest: Manifest, done: str) -> Iterator[str]:
    if manifest.skip_reason is None and done == _TRACKED:
        if manifest.pixel.at is not None:
            yield "One pixel at the end of the HTML."
        elif manifest.pixel.skip_reason is not None:
            yield f"No pixel: {manifest.pixel.skip_reason.sentence}."
    if manifest.candidates or manifest.skip_reason is not None:
        yield _as_sentence(manifest.summed_up(done))
    else:
        yield "No links in it."
    for part in manifest.parts:
        if part.reencoded:
            yield f"Part {part.path} was written anew as {part.reencoded}, or its lines would be too long."
        if part.skip_reason is not None and part.skip_reason not in _ORDINARY:
            yield f"Part {part.path} ({part.media_type}) was left alone: {part.skip_reason.sentence}."
    if manifest.removed_fields:
        yield f"Header fields that were for us, and were removed: {', '.join(manifest.removed_fields)}."


def _as_sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _row(candidate: CandidateReport, wrapped: str) -> ManifestRow:
    where = _CARRIERS.get(candidate.carrier, candidate.carrier.replace("_", " "))
    tracked = candidate.decision is Decision.WRAPPED
    return ManifestRow(
        where=f"{where}, only in Outlook" if candidate.conditional else where,
        url=candidate.url[:_LONGEST_URL],
        tracked=tracked,
        decision=wrapped if tracked else "left alone",
        reason="" if candidate.skip_reason is None else candidate.skip_reason.sentence,
    )
