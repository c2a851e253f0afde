"""part_planning: plan the changes of one part, unless they would make another message of it."""

from backstamp.mail.structure import Part
from backstamp.rewriting.deciding.link_policy import LinkPolicy
from backstamp.rewriting.html.source.tree_cost import is_too_costly
from backstamp.rewriting.options import Options
from backstamp.rewriting.parts.text_part import PartUnreadableError, TextPart
from backstamp.rewriting.planning.header_end import may_become_a_field, moves_header_end
from backstamp.rewriting.planning.html_planning import HtmlPlanner
from backstamp.rewriting.planning.outcome import Outcome, untouched
from backstamp.rewriting.planning.plain_text_planning import PlainTextPlanner
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.vocabulary import Direction


def plan_part(
    raw: bytes,
    part: Part,
    links_before: int,
    *,
    options: Options,
    policy: LinkPolicy,
    base: str | None,
    wants_pixel: bool,
) -> Outcome:
    """Return what is planned for a part that programs show as HTML or plain text.

    Args:
        raw: the message.
        part: without children.
        links_before: links are numbered from the next one.
        options: of the rewriting.
        policy: decides on links.
        base: what the header gives an HTML part for one.
        wants_pixel: whether the pixel is to go into this part.
    """
    if may_become_a_field(raw, part):
        return untouched(SkipReason.BROKEN_STRUCTURE)
    try:
        text_part = TextPart(raw, part, options.limits.html_bytes)
        reason = _whole_part_reason(text_part, options)
        if reason is not None:
            return untouched(reason)
        if part.media_type == "text/html":
            html = HtmlPlanner(text_part, options, policy, base)
            outcome = html.plan(links_before, wants_pixel=wants_pixel)
        else:
            outcome = PlainTextPlanner(text_part, options, policy).plan(links_before)
    except PartUnreadableError as error:
        return untouched(error.reason)
    if outcome.candidates is not None and moves_header_end(raw, part, outcome.candidates):
        return untouched(SkipReason.BROKEN_STRUCTURE)
    if options.direction is Direction.INBOUND:
        if text_part.in_unknown_encoding:
            outcome.reason = outcome.reason or SkipReason.UNKNOWN_ENCODING
        elif text_part.payload.in_doubt:
            outcome.reason = outcome.reason or SkipReason.UNDECODABLE
    return outcome


def _whole_part_reason(text_part: TextPart, options: Options) -> SkipReason | None:
    if text_part.in_unknown_encoding and options.direction is Direction.OUTBOUND:
        return SkipReason.UNKNOWN_ENCODING
    if text_part.part.media_type == "text/html":
        return SkipReason.TOO_COSTLY if is_too_costly(text_part.text) else None
    return text_part.inline_pgp
