"""manifest: what was done with a message, link by link, or why not. Its JSON form is docs/manifest.md."""

from collections import Counter
from enum import StrEnum
from inspect import cleandoc
from typing import Final

import msgspec

from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.vocabulary import Direction

SCHEMA_VERSION: Final = 1


class Carrier(StrEnum):
    """Where a link stood."""

    A = "a"
    AREA = "area"
    SVG_A = "svg_a"
    MATHML = "mathml"
    VML = "vml"
    FIELD = "field"
    FORM = "form"
    FORMACTION = "formaction"
    FRAME = "frame"
    SRCDOC = "srcdoc"
    META_REFRESH = "meta_refresh"
    ANIMATION = "animation"
    TEXT = "text"
    HTML_TEXT = "html_text"
    HEADER = "header"


class Decision(StrEnum):
    """What was done with a link."""

    WRAPPED = "wrapped"
    SKIPPED = "skipped"


def plain(text: str, limit: int = 2000) -> str:
    """Return a text from a message as it may stand in JSON: no lone surrogates, not endless."""
    text = text[:limit]
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


class PartReport(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A part: `touched` or why not. `reencoded` is the new transfer encoding where lines grew too long."""

    path: str
    media_type: str
    charset: str = ""
    cte: str = ""
    touched: bool = False
    skip_reason: SkipReason | None = None
    reencoded: str = ""


class CandidateReport(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A link: its part, carrier, span in the raw message, what a click would request, and what was done.

    `conditional` marks a link that only Outlook sees (MSO conditional comment). `url` is the URL a browser
    would request, or the text of the attribute where there is none; `inner_url` what another vendor's
    wrapper, of which it is made, holds.
    """

    part: str
    carrier: Carrier
    start: int
    end: int
    url: str
    decision: Decision
    skip_reason: SkipReason | None = None
    conditional: bool = False
    number: int | None = None
    new_url: str | None = None
    inner_url: str = ""


class PixelReport(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The pixel: the part and raw offset where it was put, or why there is none."""

    part: str = ""
    at: int | None = None
    skip_reason: SkipReason | None = None
    new_url: str | None = None


class Edit(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One changed span of the raw message, for an exact way back.

    `start` is the offset in the original, `original` the octets that stood there (raw deflate when
    `deflated`), `length` and `check` (CRC-32) are of what stands there now.
    """

    start: int
    original: bytes
    length: int
    check: int
    deflated: bool = False


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of candidates."""

    candidates: int
    wrapped: int
    skipped: int
    skipped_by_reason: dict[str, int]


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was done with a message of `size` octets. `skip_reason`: why all of it was left alone."""

    version: int = SCHEMA_VERSION
    size: int = 0
    direction: Direction = Direction.OUTBOUND
    skip_reason: SkipReason | None = None
    parts: tuple[PartReport, ...] = ()
    candidates: tuple[CandidateReport, ...] = ()
    pixel: PixelReport = PixelReport()
    removed_fields: tuple[str, ...] = ()
    added_fields: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()

    @property
    def totals(self) -> Totals:
        """Counts of links, wrapped and skipped, by reason."""
        reasons = Counter(str(each.skip_reason) for each in self.candidates if each.skip_reason is not None)
        skipped = reasons.total()
        count = len(self.candidates)
        return Totals(
            candidates=count, wrapped=count - skipped, skipped=skipped, skipped_by_reason=dict(reasons)
        )

    @property
    def unprotected(self) -> tuple[SkipReason, ...]:
        """The reasons, each once, for which a reader may reach a link that was not wrapped."""
        found = [self.skip_reason, *(part.skip_reason for part in self.parts)]
        found += [candidate.skip_reason for candidate in self.candidates]
        return tuple(dict.fromkeys(reason for reason in found if reason is not None and reason.unprotected))

    @property
    def summary(self) -> str:
        """One sentence for a person: `12 links tracked, 1 skipped: own unsubscribe link`."""
        return self.summed_up("tracked" if self.direction is Direction.OUTBOUND else "guarded")

    def summed_up(self, done: str) -> str:
        """Return the `summary` with another word for what was done with links, or could have been."""
        if self.skip_reason is not None:
            return f"not {done}: {self.skip_reason.sentence}"
        totals = self.totals
        text = f"{totals.wrapped} link{'' if totals.wrapped == 1 else 's'} {done}"
        # No reader sees those of the header in the mail, and every newsletter has some.
        skipped = {
            SkipReason(reason): count
            for reason, count in totals.skipped_by_reason.items()
            if reason != SkipReason.HEADER_LINK
        }
        if skipped:
            words = "; ".join(
                reason.sentence if count == 1 else f"{reason.sentence} ({count})"
                for reason, count in skipped.items()
            )
            text += f", {sum(skipped.values())} skipped: {words}"
        if self.pixel.skip_reason not in (None, SkipReason.OPENS_OFF):
            text += f"; {self.pixel.skip_reason.sentence}"
        return text

    def to_json(self) -> bytes:
        """Return the manifest as JSON (docs/manifest.md), with its totals."""
        # Put together as text: taken to builtins first it costs thrice as much, 1 µs a link.
        fields = msgspec.json.encode(msgspec.structs.replace(self, version=SCHEMA_VERSION))[1:-1]
        totals = msgspec.json.encode(self.totals)
        return b'{%b%b"version":%d,"totals":%b}' % (fields, b"," if fields else b"", self.version, totals)

    @classmethod
    def json_schema(cls) -> bytes:
        """Return the JSON Schema (2020-12) of what `to_json` writes: docs/manifest.schema.json."""
        schema = msgspec.json.schema(cls)
        definitions = schema["$defs"]
        totals = msgspec.json.schema(Totals)
        definitions |= totals["$defs"]
        manifest = definitions["Manifest"]
        manifest["properties"]["totals"] = {"$ref": totals["$ref"]}
        manifest["required"] = ["version", "totals"]
        for definition in definitions.values():
            if "description" in definition:
                # Docstrings lose their indentation in Python 3.13, and keep it before.
                definition["description"] = cleandoc(definition["description"])
        return msgspec.json.format(msgspec.json.encode(schema), indent=1) + b"\n"

    @classmethod
    def from_json(cls, text: bytes | str) -> "Manifest":
        """Read what `to_json` wrote. Raises `ValueError` with one line that says what is wrong."""
        try:
            manifest = msgspec.json.decode(text, type=cls)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError(f"not a manifest: {error}") from None
        if manifest.version != SCHEMA_VERSION:
            raise ValueError(
                f"this manifest is of version {manifest.version}; version {SCHEMA_VERSION} is read"
            )
        return manifest
