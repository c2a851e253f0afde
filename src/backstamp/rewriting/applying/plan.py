"""plan: what is to be done with a message, made once; applied for each recipient with their own URLs."""

import string
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final, Protocol

import msgspec

from backstamp.mail.patches import Patch, apply_patches, in_order
from backstamp.mail.pixel_markup import pixel_markup
from backstamp.rewriting.deciding.candidates import Candidates, LeftLink
from backstamp.rewriting.header.unsubscribe import UnsubscribePlace
from backstamp.rewriting.html import link_markup
from backstamp.rewriting.parts.text_part import PartEditor
from backstamp.rewriting.reporting.manifest import CandidateReport, Edit, Manifest, PixelReport
from backstamp.urls.parsing import WebUrl

PIXEL: Final = 0
"""The slot of the pixel; links have their numbers, from 1."""
END_OF_WORDS: Final = -1
"""The slot of what stands behind words that are made a link."""
LEFT_OUT: Final = -2
"""The slot of what goes without anything in its place."""
_SEALED_CHARACTERS: Final = (string.ascii_letters + string.digits + "-._~:/?#[]@%+,;=").encode()
_OTHERS_CHANGED: Final = bytes(each if each in _SEALED_CHARACTERS else 0x2D for each in range(256))
_DEFLATE_FROM: Final = 200
_AT_ONCE: Final = 500
"""Links that are sealed together: what that needs beside their URLs is as much again three times."""


class Sealer(Protocol):
    """Makes the URLs of one recipient's copy."""

    def links(self, links: Sequence[tuple[int, str]]) -> list[str]:
        """Return for each link, given as its number and URL, the whole ASCII URL that takes its place."""

    def pixel(self) -> str:
        """Return the whole ASCII URL of the pixel."""

    def unsubscribe(self) -> str:
        """Return the whole ASCII URL where the recipient unsubscribes."""


class TrackedLink(msgspec.Struct, frozen=True, gc=False):
    """A link that is wrapped: its number in the message, its target, its words, the path of its part.

    `written` is the link as it stood there, entities resolved: some tricks are gone when it has been parsed.
    `host` is that of `url`, which need not be parsed again (`as_url`).
    """

    number: int
    url: str
    text: str
    part: str
    written: str
    host: str

    def as_url(self) -> WebUrl:
        """Return the target as it was parsed: 1.5 µs, a quarter of what judging a link's looks takes."""
        return WebUrl(self.url, self.host)


class PlannedPart:
    """A part that changes: its editor, and for each edited span the number of its link (or `PIXEL`).

    `frames` gives what stands before and behind each new URL in plain text, or in the words of HTML.
    """

    def __init__(
        self,
        path: str,
        editor: PartEditor,
        slots: list[int],
        frames: dict[int, tuple[str, str]] | None = None,
    ) -> None:
        self.path = path
        self._editor = editor
        self._slots = slots
        self._frames = frames

    def patches(self, urls: dict[int, str]) -> tuple[list[Patch], bool]:
        """Return the patches for these URLs, and whether the part had to be re-encoded."""
        frames = self._frames
        if frames is not None:
            texts = [
                urls[slot].join(frames[slot]) if slot in frames else _markup(slot, urls)
                for slot in self._slots
            ]
        else:
            texts = [urls[slot] if slot > PIXEL else _markup(slot, urls) for slot in self._slots]
        return self._editor.patches([text.encode("ascii") for text in texts])


def _markup(slot: int, urls: dict[int, str]) -> str:
    if slot == END_OF_WORDS:
        return link_markup.END
    if slot == LEFT_OUT:
        return ""
    return urls[slot] if slot != PIXEL else pixel_markup(urls[PIXEL])


class Plan:
    """A plan for one message: `manifest` without new URLs, `links`, and `apply`.

    It is given its manifest without the candidates, and these.
    """

    def __init__(
        self,
        raw: bytes,
        manifest: Manifest,
        candidates: Iterable[Candidates] = (),
        links: tuple[TrackedLink, ...] = (),
        parts: list[PlannedPart] | None = None,
        header_patches: list[Patch] | None = None,
        unsubscribe: UnsubscribePlace | None = None,
        places: int = 0,
    ) -> None:
        self._raw = raw
        self._manifest = manifest
        self._candidates = candidates
        self.links = links
        self.places = places
        """The highest number that is taken: by a link, or by one that only copies of others have."""
        self._parts = parts or []
        self._header_patches = header_patches or []
        self._unsubscribe = unsubscribe

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest without new URLs and edits, made when asked for."""
        reports = [report for part in self._candidates for report in part.reports()]
        return msgspec.structs.replace(self._manifest, candidates=tuple(reports))

    def left(self) -> Iterator[LeftLink]:
        """Yield the links that are not wrapped, each as a whole: the manifest cuts long ones."""
        for part in self._candidates:
            yield from part.left()

    @property
    def has_pixel(self) -> bool:
        """Whether a pixel is put in."""
        return self._manifest.pixel.at is not None

    @property
    def is_personal(self) -> bool:
        """Whether every recipient's copy is another one."""
        return self.has_pixel or bool(self.links) or self._unsubscribe is not None

    def apply(self, sealer: Sealer) -> "Rewritten":
        """Return the message with this sealer's URLs.

        Raises `ValueError` when the sealer gives something that is no ASCII web address fit for markup.
        """
        urls: dict[int, str] = {}
        for start in range(0, len(self.links), _AT_ONCE):
            targets = [(link.number, link.url) for link in self.links[start : start + _AT_ONCE]]
            sealed = sealer.links(targets)
            _check(sealed)
            urls.update((number, url) for (number, _), url in zip(targets, sealed, strict=True))
        patches = list(self._header_patches)
        others: list[str] = []
        if self.has_pixel:
            urls[PIXEL] = sealer.pixel()
            others.append(urls[PIXEL])
        if self._unsubscribe is not None:
            own_page = sealer.unsubscribe()
            others.append(own_page)
            patches.append(self._unsubscribe.patch(own_page))
        _check(others)
        reencoded: set[str] = set()
        for part in self._parts:
            made, was_reencoded = part.patches(urls)
            patches += made
            if was_reencoded:
                reencoded.add(part.path)
        return Rewritten(self._raw, self, in_order(len(self._raw), patches), urls, reencoded)


class Rewritten:
    """A rewritten message: its `patches` in order, and made when asked for: `raw`, and a `manifest` with new
    URLs and the way back.
    """

    def __init__(
        self,
        original: bytes,
        plan: Plan,
        patches: list[Patch],
        urls: dict[int, str],
        reencoded: set[str],
    ) -> None:
        self._original = original
        self._plan = plan
        self.patches = patches
        self._urls = urls
        self._reencoded = reencoded

    @cached_property
    def raw(self) -> bytes:
        """The whole message."""
        return apply_patches(self._original, self.patches)

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest with the new URLs and the edits."""
        replace = msgspec.structs.replace
        planned = self._plan.manifest
        candidates: list[CandidateReport] = [
            replace(each, new_url=self._urls[each.number]) if each.number is not None else each
            for each in planned.candidates
        ]
        pixel: PixelReport = planned.pixel
        if PIXEL in self._urls:
            pixel = replace(pixel, new_url=self._urls[PIXEL])
        parts = [
            replace(each, reencoded="quoted-printable") if each.path in self._reencoded else each
            for each in planned.parts
        ]
        edits = [self._edit(patch) for patch in self.patches]
        return replace(
            planned, candidates=tuple(candidates), pixel=pixel, parts=tuple(parts), edits=tuple(edits)
        )

    def _edit(self, patch: Patch) -> Edit:
        original = self._original[patch.start : patch.end]
        deflated = len(original) >= _DEFLATE_FROM
        if deflated:
            compress = zlib.compressobj(6, zlib.DEFLATED, -15)
            original = compress.compress(original) + compress.flush()
        return Edit(
            start=patch.start,
            original=original,
            length=len(patch.replacement),
            check=zlib.crc32(patch.replacement),
            deflated=deflated,
        )


def _check(urls: Iterable[str]) -> None:
    """Nothing but plain addresses goes into markup: then nothing needs to be escaped there."""
    together = "".join(urls)
    octets = together.encode()
    # To change nothing takes half the time that it takes to leave nothing.
    is_plain = together.isascii() and octets.translate(_OTHERS_CHANGED) == octets
    if not is_plain or not all(url.startswith(("https://", "http://")) for url in urls):
        raise ValueError(
            "a sealed URL must be an ASCII http or https URL without quotes, blanks, brackets or ampersands"
        )
