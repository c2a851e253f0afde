"""part_planning: plan the changes of one part, unless they would make another message of it."""

import re
from typing import Final

from backstamp.mail.structure import Part
from backstamp.rewriting.deciding.link_policy import LinkPolicy
from backstamp.rewriting.html.source.tree_cost import is_too_costly
from backstamp.rewriting.options import Options
from backstamp.rewriting.parts.text_part import PartUnreadableError, TextPart
from backstamp.rewriting.planning.html_planning import HtmlPlanner
from backstamp.rewriting.planning.outcome import Outcome, left_alone
from backstamp.rewriting.planning.plain_text_planning import PlainTextPlanner
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.vocabulary import Direction

_FIELD_NAME: Final = re.compile(rb"[!-9;-~]*")
_EMPTY_LINE: Final = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")


class PartPlanner:
    """Plans one text/html or text/plain part; `base` is what the header gives an HTML part for one."""

    def __init__(
        self, raw: bytes, part: Part, options: Options, policy: LinkPolicy, base: str | None = None
    ) -> None:
        self._raw = raw
        self._part = part
        self._options = options
        self._policy = policy
        self._base = base

    def plan(self, links_before: int, *, wants_pixel: bool) -> Outcome:
        """Return the outcome; links are numbered from `links_before` + 1."""
        if self._would_become_a_field():
            return left_alone(SkipReason.BROKEN_STRUCTURE)
        try:
            text_part = TextPart(self._raw, self._part, self._options.limits.html_bytes)
            reason = self._whole_part_reason(text_part)
            if reason is not None:
                return left_alone(reason)
            if self._part.media_type == "text/html":
                html = HtmlPlanner(self._part, self._options, self._policy, self._base)
                outcome = html.plan(text_part, links_before, wants_pixel=wants_pixel)
            else:
                text = PlainTextPlanner(self._part, self._options, self._policy)
                outcome = text.plan(text_part, links_before)
        except PartUnreadableError as error:
            return left_alone(error.reason)
        if self._takes_header_end(outcome) or self._begins_a_field(outcome):
            return left_alone(SkipReason.BROKEN_STRUCTURE)
        if self._options.direction is Direction.INBOUND:
            if text_part.in_unknown_encoding:
                outcome.reason = outcome.reason or SkipReason.UNKNOWN_ENCODING
            elif text_part.payload.in_doubt:
                outcome.reason = outcome.reason or SkipReason.UNDECODABLE
        return outcome

    def _would_become_a_field(self) -> bool:
        """Whether what is put in would be read as a part of the header.

        Without an empty line before it, a text that begins with `www.x` would begin with the field `https:`;
        so would HTML that begins with `<a/href=x>`, where a base makes an address of that.
        """
        header = self._part.header
        if header.body_start != header.end:
            return False
        if header.fields and header.end == self._part.end:
            # What is put behind it would be a part of the last field.
            return True
        beginning = self._raw[header.end : header.end + 100].split(maxsplit=1)
        return bool(beginning) and (b"www." in beginning[0].lower() or b"=" in beginning[0])

    def _takes_header_end(self, outcome: Outcome) -> bool:
        """Whether a link holds the empty line at which a header that broke off ends for some programs.

        Were it replaced they would read on to the next one: their body would begin elsewhere, or nowhere.
        """
        header = self._part.header
        if header.orderly or outcome.candidates is None:
            return False
        ending = _EMPTY_LINE.search(self._raw, header.end, self._part.end)
        if ending is None:
            return False
        first, last = ending.span()
        return any(start < last and end > first for start, end in outcome.candidates.spans)

    def _begins_a_field(self, outcome: Outcome) -> bool:
        """Whether the first new URL makes a field of the line that ended the header.

        As where a charset's shift stands within the scheme, which made it no field.
        """
        header = self._part.header
        if header.body_start != header.end or outcome.candidates is None:
            return False
        pairs = zip(outcome.candidates.decided, outcome.candidates.spans, strict=True)
        first = next((start for each, (start, _) in pairs if each.number is not None), None)
        return first is not None and _FIELD_NAME.fullmatch(self._raw, header.end, first) is not None

    def _whole_part_reason(self, text_part: TextPart) -> SkipReason | None:
        if text_part.in_unknown_encoding and self._options.direction is Direction.OUTBOUND:
            return SkipReason.UNKNOWN_ENCODING
        if self._part.media_type == "text/html":
            return SkipReason.TOO_COSTLY if is_too_costly(text_part.text) else None
        return text_part.inline_pgp
