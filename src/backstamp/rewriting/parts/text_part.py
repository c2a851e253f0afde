"""text_part: one text part, read once, and the changes that are written into its encoded octets."""

import re
from typing import Final

from backstamp.mail.charsets.decoded_text import utf8_offsets
from backstamp.mail.charsets.decoding import DecodedText, decode_text
from backstamp.mail.encodings.files_in_text import holds_file
from backstamp.mail.encodings.identity_payload import IdentityPayload
from backstamp.mail.encodings.transfer import (
    Payload,
    UndecodableError,
    UnknownEncodingError,
    decode_payload,
    is_identity,
    is_uuencoded,
    meant_encoding,
)
from backstamp.mail.patches import Patch
from backstamp.mail.reencoding import reencode_part
from backstamp.mail.structure import Part
from backstamp.rewriting.html.source.tree_cost import BIG
from backstamp.rewriting.parts.freed_memory import give_back
from backstamp.rewriting.reporting.reasons import SkipReason

_PGP_ARMOUR: Final = re.compile(r"(?:\A|(?<=[\r\n]))-----BEGIN PGP (SIGNED )?MESSAGE-----")


class PartUnreadableError(ValueError):
    """The part is left alone; `reason` says why."""

    def __init__(self, reason: SkipReason) -> None:
        super().__init__(reason.sentence)
        self.reason = reason


class TextPart:
    """A part's decoded text, with the way back to its octets. Raises `PartUnreadableError`.

    What is in an unknown transfer encoding is read as it stands (`in_unknown_encoding`), as mail programs
    do; unless it has a misspelled name of a known one, or an old one that some of them decode.
    `is_one_to_one`: each character is one octet.
    """

    in_unknown_encoding = False

    def __init__(self, raw: bytes, part: Part, max_bytes: int) -> None:
        self._raw = raw
        self.part = part
        if part.end - part.body_start > 3 * max_bytes:
            raise PartUnreadableError(SkipReason.PART_TOO_BIG)
        try:
            self.payload: Payload = decode_payload(raw, part.body_start, part.end, part.cte)
        except UnknownEncodingError:
            if meant_encoding(part.cte) or is_uuencoded(part.cte) or "yenc" in part.cte:
                raise PartUnreadableError(SkipReason.UNKNOWN_ENCODING) from None
            self.payload = IdentityPayload(raw, part.body_start, part.end, is_binary=False)
            self.in_unknown_encoding = True
        except UndecodableError:
            raise PartUnreadableError(SkipReason.UNDECODABLE) from None
        self._decoded: DecodedText | None = self._decode(max_bytes)
        # Text and tree, which follow, are much memory, and a part is seldom encoded anew.
        self.payload.forget_data()
        self._is_big = len(self._decoded.text) > BIG
        self.is_one_to_one = self._decoded.is_one_to_one
        self._is_utf8 = self._decoded.is_utf8
        self.encoding = self._decoded.encoding

    def _decode(self, max_bytes: int) -> DecodedText:
        data = self.payload.data
        if len(data) > max_bytes:
            raise PartUnreadableError(SkipReason.PART_TOO_BIG)
        decoded = decode_text(data, self.part.charset_label, html=self.part.media_type == "text/html")
        if decoded is None:
            raise PartUnreadableError(SkipReason.UNSAFE_CHARSET)
        return decoded

    @property
    def text(self) -> str:
        """The decoded text; where it was forgotten, decoded once more."""
        return self._read().text

    def is_agreed(self, octets: int) -> bool:
        """Whether readers of this HTML agree on it, too, who look for its charset in so many octets."""
        label = self.part.charset_label
        return decode_text(self.payload.data, label, html=True, prescanned=octets) is not None

    def forget_text(self) -> None:
        """Let a big text go; who asks for it, or for a way back that needs it, decodes once more."""
        if self._is_big:
            self._decoded = None
            self.end_step()

    def end_step(self, *, with_trees: bool = False) -> None:
        """Give back what a step has freed of a big text: it would lie idle beside what the next one takes.

        Where each character is one octet only trees are worth it: after each step it took a tenth of the
        time.
        """
        if self._is_big and (with_trees or not self.is_one_to_one):
            give_back()

    def _read(self) -> DecodedText:
        if self._decoded is None:
            self._decoded = self._decode(self.part.end)
        return self._decoded

    @property
    def inline_pgp(self) -> SkipReason | None:
        """Signed or encrypted, where the text is an OpenPGP armour (RFC 9580 §6.2, §7)."""
        found = _PGP_ARMOUR.search(self.text) if "-----BEGIN PGP " in self.text else None
        if found is None:
            return None
        return SkipReason.SIGNED if found[1] else SkipReason.ENCRYPTED

    @property
    def holds_file(self) -> bool:
        """Whether a file may be found in the text; some programs look for one before they decode it."""
        if holds_file(self.text):
            return True
        start, end = self.part.body_start, self.part.end
        if is_identity(self.part.cte) or self._raw.find(b"begin ", start, end) < 0:
            return False
        return holds_file(self._raw[start:end].decode("latin-1"))

    def byte_spans(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return the spans of decoded bytes for these spans of the text (characters)."""
        if self.is_one_to_one:
            return spans
        offsets = sorted({offset for span in spans for offset in span})
        places = dict(zip(offsets, self._byte_offsets(offsets), strict=True))
        return [(places[start], places[end]) for start, end in spans]

    def _byte_offsets(self, offsets: list[int]) -> list[int]:
        if self._decoded is None and self._is_utf8:
            # The text would be much memory once more.
            found = utf8_offsets(self.payload.data, offsets)
            self.end_step()
            return found
        return self._read().byte_offsets(offsets)

    def editor(self, spans: list[tuple[int, int]]) -> "PartEditor":
        """Return an editor for these spans of decoded bytes (ascending, not overlapping)."""
        return PartEditor(self._raw, self.part, self.payload, spans)


class PartEditor:
    """Replaces fixed spans of a part, as often as wanted (once for each recipient)."""

    def __init__(self, raw: bytes, part: Part, payload: Payload, spans: list[tuple[int, int]]) -> None:
        self._raw = raw
        self._part = part
        self._payload = payload
        self._spans = spans
        self._writer = payload.writer(spans)

    def patches(self, replacements: list[bytes]) -> tuple[list[Patch], bool]:
        """Return the patches for one ASCII replacement per span, and whether the part was re-encoded."""
        patches = self._writer.write(replacements)
        if patches is not None:
            return patches, False
        return reencode_part(self._raw, self._part, self._edited(replacements)), True

    def _edited(self, replacements: list[bytes]) -> bytes:
        """Return the decoded bytes with these replacements."""
        data = self._payload.data
        pieces: list[bytes] = []
        position = 0
        for (start, end), replacement in zip(self._spans, replacements, strict=True):
            pieces += (data[position:start], replacement)
            position = end
        pieces.append(data[position:])
        return b"".join(pieces)
