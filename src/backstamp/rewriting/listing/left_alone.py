"""left_alone: links of received mail, in what stays as it is: read, listed, and never changed.

A reader may reach them all the same, so whoever judges a message must see them.
"""

from operator import attrgetter
from typing import Final

from backstamp.mail.defects import Defect
from backstamp.mail.structure import Part
from backstamp.rewriting.deciding.candidates import Candidates
from backstamp.rewriting.deciding.link_policy import LinkPolicy
from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.header.header_links import header_links
from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.html.source.tree_cost import is_too_costly
from backstamp.rewriting.listing.readings import Reading
from backstamp.rewriting.options import Options
from backstamp.rewriting.parts.kinds import (
    has_content_lines,
    is_calendar,
    is_html,
    is_rich_text,
    is_shortcut,
    may_show_links,
)
from backstamp.rewriting.parts.text_part import PartUnreadableError
from backstamp.rewriting.reporting.manifest import Carrier
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.rewriting.text.content_lines import content_line_links
from backstamp.rewriting.text.flowed import flow_of
from backstamp.rewriting.text.rich_text import rich_text_links
from backstamp.rewriting.text.text_links import find_text_links
from backstamp.rewriting.text.unwrapped_addresses import unwrapped_addresses

_START: Final = attrgetter("start")


def links_left_alone(
    raw: bytes, part: Part, reason: SkipReason, *, options: Options, policy: LinkPolicy, room: int
) -> Candidates | None:
    """Return the links of a part that is left alone for `reason`; None where there are none to be seen.

    Args:
        raw: the message.
        part: without children; of a container, links before the first of its parts and behind the last.
        reason: of the part; it becomes that of its links, where nothing harmless speaks for them.
        options: their limits count.
        policy: knows excluded hosts and our own.
        room: how many links may be listed; the one behind these is `too_many_links`.
    """
    if part.children:
        return _links_outside(raw, part, policy, room) if Defect.LINKS_OUTSIDE_PARTS in part.defects else None
    if not is_looked_into(part, reason):
        return None
    try:
        reading = Reading(raw, part, options.limits.html_bytes)
    except PartUnreadableError:
        return None
    links, base = _links(part, reading.text)
    for text in reading.others:
        links += _links_besides(part, text, links)
    pointer = _pointer(part)
    if not links and pointer is None:
        return None
    links = sorted(links, key=lambda link: link.start)[: room + 1]
    spans = reading.raw_spans(links)
    if pointer is not None:
        links.insert(0, pointer)
        spans.insert(0, (pointer.start, pointer.end))
    # A calendar entry as such does no harm: it is its links that count.
    why = SkipReason.CALENDAR_LINK if reason is SkipReason.CALENDAR else reason
    decided = policy.leave(links, base, reading.encoding, why)
    return _bounded(Candidates(part.path, decided[: room + 1], spans[: room + 1]), room)


def is_looked_into(part: Part, reason: SkipReason) -> bool:
    """Whether links are sought in a part without children that is left alone for `reason`."""
    return (reason.unprotected or is_calendar(part)) and (
        may_show_links(part) or reason is SkipReason.SHOWN_ATTACHMENT
    )


def _pointer(part: Part) -> FoundLink | None:
    """Return the address at which the body of a part is (RFC 2017): Thunderbird makes a link of it."""
    # White space is put in to break long ones, and is no part of them (RFC 2017 §3.1).
    address = "".join(part.parameters.get("url", "").split())
    if part.media_type != "message/external-body" or not address:
        return None
    field = next(field for field in part.header.fields if field.name == b"content-type")
    return FoundLink(field.start, field.end, address, Carrier.TEXT)


def links_of_message(raw: bytes, reason: SkipReason, options: Options) -> Candidates | None:
    """Return the links that can be read in a received message whose parts are not known."""
    limits = options.limits
    links = find_text_links(raw[: limits.html_bytes].decode("latin-1"))[: limits.links + 1]
    if not links:
        return None
    decided = LinkPolicy(options, frozenset()).leave(links, None, "utf-8", reason)
    return _bounded(Candidates("1", decided, [(link.start, link.end) for link in links]), limits.links)


def links_of_header(root: Part, *, policy: LinkPolicy, room: int) -> Candidates | None:
    """Return the links in fields of a message's header, at most `room`, but for our own, which stay there."""
    links = header_links(root.header, room + 1)
    decided = [
        each
        for each in policy.leave(links, None, "utf-8", SkipReason.HEADER_LINK)
        if each.reason is not SkipReason.OWN_LINK
    ]
    if not decided:
        return None
    if len(links) > room:
        decided[-1].reason = SkipReason.TOO_MANY_LINKS
    return Candidates(root.path, decided, [(each.link.start, each.link.end) for each in decided])


def _links_outside(raw: bytes, part: Part, policy: LinkPolicy, room: int) -> Candidates | None:
    gaps = ((part.body_start, part.children[0].header.start), (part.children[-1].end, part.end))
    links: list[FoundLink] = []
    for start, end in gaps:
        for link in find_text_links(raw[start : max(start, end)].decode("latin-1")):
            link.start += start
            link.end += start
            links.append(link)
    links = links[: room + 1]
    if not links:
        return None
    decided = policy.leave(links, None, "utf-8", SkipReason.OUTSIDE_PARTS)
    return _bounded(Candidates(part.path, decided, [(link.start, link.end) for link in links]), room)


def _bounded(candidates: Candidates, room: int) -> Candidates:
    if len(candidates.decided) > room:
        candidates.decided[-1].reason = SkipReason.TOO_MANY_LINKS
    return candidates


def _links(part: Part, text: str) -> tuple[list[FoundLink], str | None]:
    found = _links_beside_html(part, text)
    if not is_html(part):
        return found, None
    if is_too_costly(text):
        html_links, base = _text_links(part, text), None
    else:
        html = HtmlText(OneLine(text), words=True)
        html_links, base = html.links + html.rivals + html.words, html.base
    starts = {link.start for link in html_links}
    return html_links + [link for link in found if link.start not in starts], base


def _links_beside_html(part: Part, text: str) -> list[FoundLink]:
    """Return the links that a part has as another thing than HTML: what it is by its type or name, or a text.

    Mail programs go by the type, desktops by the name; a text whose type is not known is shown as it stands.
    """
    if has_content_lines(part):
        return content_line_links(text)
    if is_rich_text(part):
        return rich_text_links(text)
    if is_shortcut(part) or not is_html(part):
        return _text_links(part, text)
    is_other_text = part.media_type != "text/html" and part.media_type.startswith("text/")
    return find_text_links(text) if is_other_text else []


def _text_links(part: Part, text: str) -> list[FoundLink]:
    links = find_text_links(text, **flow_of(part.parameters))
    return sorted([*links, *unwrapped_addresses(text, links, names=False)], key=_START)


def _links_besides(part: Part, text: str, known: list[FoundLink]) -> list[FoundLink]:
    """Return the links of another reading that are not known yet."""
    links, base = _links(part, text)
    values = {link.value for link in known}
    for link in links:
        link.base = link.base or base
    return [link for link in links if link.value not in values]
