"""diff: a manifest as a person reads it, link by link, with or without colour."""

from collections.abc import Iterator
from typing import Final

from backstamp.rewriting.reporting.manifest import CandidateReport, Manifest, PartReport

_RED: Final = "\x1b[31m"
_GREEN: Final = "\x1b[32m"
_YELLOW: Final = "\x1b[33m"
_DIM: Final = "\x1b[2m"
_BOLD: Final = "\x1b[1m"
_END: Final = "\x1b[0m"
_SHOWN: Final = 300


def render_diff(manifest: Manifest, *, colour: bool) -> str:
    """Return what was done, in lines for a terminal: old and new URL of each link, or why it was left.

    Everything that comes from the message is printed without control characters and cut.
    """
    return "".join(f"{line}\n" for line in _lines(manifest, _Painter(colour)))


class _Painter:
    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, style: str, text: str) -> str:
        return f"{style}{text}{_END}" if self._colour else text


def _lines(manifest: Manifest, paint: _Painter) -> Iterator[str]:
    for part in manifest.parts:
        yield paint(_BOLD, f"part {part.path}  {_shown(part.media_type)}  {_state(part)}")
        for candidate in manifest.candidates:
            if candidate.part == part.path:
                yield from _link(candidate, paint)
        if manifest.pixel.at is not None and manifest.pixel.part == part.path:
            yield paint(_GREEN, f"  + pixel  {_shown(manifest.pixel.new_url or '')}")
    if manifest.pixel.skip_reason is not None:
        yield paint(_YELLOW, f"no pixel: {manifest.pixel.skip_reason.sentence}")
    yield from (paint(_RED, f"- {name}") for name in manifest.removed_fields)
    yield manifest.summary


def _state(part: PartReport) -> str:
    words = ["changed" if part.touched else "unchanged"]
    if part.reencoded:
        words.append(f"written anew as {part.reencoded}")
    if part.skip_reason is not None:
        words.append(part.skip_reason.sentence)
    return ", ".join(words)


def _link(candidate: CandidateReport, paint: _Painter) -> Iterator[str]:
    where = f"{candidate.carrier}{' (Outlook only)' if candidate.conditional else ''}"
    url = _shown(candidate.url)
    if candidate.skip_reason is not None:
        yield paint(_DIM, f"    {where}  {url}  ({candidate.skip_reason.sentence})")
        return
    yield paint(_RED, f"  - {where}  {url}")
    yield paint(_GREEN, f"  + {candidate.number}  {_shown(candidate.new_url or '')}")


def _shown(text: str) -> str:
    """A message must not be able to drive the terminal that shows it."""
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text[:_SHOWN])
