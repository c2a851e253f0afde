"""plan: what is to be done with a message, made once; applied for each recipient with their own URLs."""

import zlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final

import msgspec

from backstamp.mail.patches import Patch, apply_patches, in_order
from backstamp.rewriting.applying.planned_part import PIXEL, PlannedPart
from backstamp.rewriting.applying.sealer import Sealer, check_sealed
from backstamp.rewriting.deciding.candidates import Candidates, LeftLink
from backstamp.rewriting.header.unsubscribe import UnsubscribePlace
from backstamp.rewriting.reporting.manifest import CandidateReport, Edit, Manifest, PixelReport
from backstamp.urls.parsing import WebUrl

_DEFLATE_FROM: Final = 200
_AT_ONCE: Final = 500
"""Links that are sealed together: what that needs beside their URLs is as much again three times."""


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
            check_sealed(sealed)
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
        check_sealed(others)
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
