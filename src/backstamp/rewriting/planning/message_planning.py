"""message_planning: candidates -> policy -> patches -> validate, for a whole message."""

import msgspec

from backstamp.mail.header_section import Field
from backstamp.mail.multipart import TooManyPartsError
from backstamp.mail.patches import Patch
from backstamp.mail.structure import Part, parse_structure
from backstamp.rewriting.applying.plan import Plan, TrackedLink
from backstamp.rewriting.applying.planned_part import PlannedPart
from backstamp.rewriting.deciding.candidates import Candidates
from backstamp.rewriting.deciding.link_policy import LinkPolicy
from backstamp.rewriting.header.control import CONTROL_FIELDS, ControlFields, control_fields
from backstamp.rewriting.header.header_base import header_base
from backstamp.rewriting.header.unsubscribe import list_unsubscribe_urls, unsubscribe_place
from backstamp.rewriting.listing.left_alone import links_left_alone, links_of_header, links_of_message
from backstamp.rewriting.listing.other_structures import links_of_other_readings
from backstamp.rewriting.options import Options
from backstamp.rewriting.parts.walk import Visit, body_html, sealed_reason, walk
from backstamp.rewriting.planning.part_planning import plan_part
from backstamp.rewriting.reporting.manifest import Manifest, PartReport, PixelReport, plain
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.vocabulary import Direction, DkimSigned


def plan(raw: bytes, options: Options) -> Plan:
    """Return what is to be done with a message. Pure, and never raises, whatever the bytes are.

    Control fields are obeyed and removed in sent mail only: the author of received mail has no say.
    """
    try:
        return _plan(raw, options)
    except Exception:  # noqa: BLE001 - a fault of ours must not stop mail; the manifest names it
        return _untouched(raw, options, SkipReason.FAILED)


def _untouched(raw: bytes, options: Options, reason: SkipReason) -> Plan:
    manifest = Manifest(size=len(raw), direction=options.direction, skip_reason=reason)
    listed = None
    if options.direction is Direction.INBOUND and reason is not SkipReason.FAILED:
        listed = links_of_message(raw, reason, options)
    return Plan(raw, manifest, [listed] if listed is not None else ())


def _plan(raw: bytes, options: Options) -> Plan:
    limits = options.limits
    if len(raw) > limits.message_bytes:
        return _untouched(raw, options, SkipReason.TOO_BIG)
    try:
        root = parse_structure(raw, limits.structure())
    except TooManyPartsError:
        return _untouched(raw, options, SkipReason.TOO_MANY_PARTS)
    if options.dkim_signed is DkimSigned.KEEP and root.header.all(b"dkim-signature"):
        return _untouched(raw, options, SkipReason.DKIM_SIGNED)
    if root.header.end >= limits.header_bytes:
        return _untouched(raw, options, SkipReason.HEADER_TOO_BIG)
    if not root.header.fields and root.header.body_start == 0:
        # No header field and no empty line: `www.example.com` would become `https:...`, a field name.
        return _untouched(raw, options, SkipReason.BROKEN_STRUCTURE)
    removed: list[Field] = []
    if options.direction is Direction.OUTBOUND:
        options = _obey(options, control_fields(raw, root.header))
        removed = [field for field in root.header.fields if field.name in CONTROL_FIELDS]
    else:
        options = msgspec.structs.replace(options, unsubscribe=False)
    policy = LinkPolicy(options, list_unsubscribe_urls(root.header))
    planned = _MessagePlanner(raw, root, options, policy).plan(removed)
    if policy.marked_urls and not policy.marked_urls.isdisjoint([link.url for link in planned.links]):
        # A plain text has no marks, and usually comes before the HTML that has.
        again = LinkPolicy(options, list_unsubscribe_urls(root.header), frozenset(policy.marked_urls))
        return _MessagePlanner(raw, root, options, again).plan(removed)
    return planned


def _obey(options: Options, controls: ControlFields) -> Options:
    if controls.opens is not False and controls.links is not False:
        return options
    return msgspec.structs.replace(
        options,
        opens=options.opens and controls.opens is not False,
        links=options.links and controls.links is not False,
    )


class _MessagePlanner:
    def __init__(self, raw: bytes, root: Part, options: Options, policy: LinkPolicy) -> None:
        self._raw = raw
        self._root = root
        self._options = options
        self._policy = policy
        self._reports: list[PartReport] = []
        self._candidates: list[Candidates] = []
        self._has_read_links = False
        self._room = options.limits.links
        self._links: list[TrackedLink] = []
        self._places = 0
        self._planned: list[PlannedPart] = []
        self._pixel = PixelReport(skip_reason=SkipReason.OPENS_OFF)

    def plan(self, removed: list[Field]) -> Plan:
        visits = list(walk(self._root, self._options.direction))
        pixel_part = self._pixel_part(visits) if self._options.opens else None
        for visit in visits:
            if visit.reason is None and not visit.part.children:
                self._plan_text(visit, wants_pixel=visit.part is pixel_part)
            else:
                reason = visit.reason or visit.doubt
                self._report(visit.part, reason=reason)
                if reason is not None:
                    self._list_links(visit.part, reason)
        if self._options.direction is Direction.INBOUND:
            self._list_other_readings()
            self._list_header()
        root_reason = sealed_reason(self._root)
        if root_reason and self._options.opens:
            self._pixel = PixelReport(skip_reason=root_reason)
        unsubscribe = None
        if self._options.unsubscribe:
            unsubscribe = unsubscribe_place(self._raw, self._root.header, one_click=self._options.one_click)
        manifest = Manifest(
            size=len(self._raw),
            direction=self._options.direction,
            skip_reason=root_reason or self._nothing_done(),
            parts=tuple(self._reports),
            pixel=self._pixel,
            removed_fields=tuple(field.name.decode("ascii") for field in removed),
            added_fields=unsubscribe.field_names if unsubscribe is not None else (),
        )
        return Plan(
            self._raw,
            manifest,
            candidates=self._candidates,
            links=tuple(self._links),
            parts=self._planned,
            header_patches=[Patch(field.start, field.end, b"") for field in removed],
            unsubscribe=unsubscribe,
            places=self._places,
        )

    def _pixel_part(self, visits: list[Visit]) -> Part | None:
        """Return the HTML that takes the pixel; where there is none, the report says why."""
        reasons = {visit.part.path: visit.reason for visit in visits}
        changeable = frozenset(path for path, reason in reasons.items() if reason is None)
        part = body_html(self._root, changeable)
        if part is None:
            shown = body_html(self._root, frozenset(reasons))
            reason = reasons[shown.path] if shown is not None else None
            self._pixel = PixelReport(skip_reason=reason or SkipReason.NO_HTML_PART)
        return part

    def _nothing_done(self) -> SkipReason | None:
        """Return why the whole message was left alone, where there is one reason for all of it."""
        if self._planned or self._has_read_links:
            return None
        reasons = {report.skip_reason for report in self._reports}
        if len(reasons) == 1:
            (only,) = reasons
            if only is not None:
                return only
        return self._pixel.skip_reason if self._pixel.skip_reason is SkipReason.NO_HTML_PART else None

    def _plan_text(self, visit: Visit, *, wants_pixel: bool) -> None:
        part = visit.part
        base = None
        if self._options.direction is Direction.INBOUND and part.media_type == "text/html":
            base = header_base(self._root, part.path)
        outcome = plan_part(
            self._raw,
            part,
            self._places,
            options=self._options,
            policy=self._policy,
            base=base,
            wants_pixel=wants_pixel,
        )
        if wants_pixel:
            self._pixel = outcome.pixel
        self._links += outcome.links
        self._places += outcome.places
        if outcome.candidates is not None and outcome.candidates.decided:
            candidates = outcome.candidates.within(self._room)
            unnumbered = sum(each.number is None and not each.holds_place for each in candidates.decided)
            self._room = max(0, self._room - unnumbered)
            self._candidates.append(candidates)
            self._has_read_links = True
        if outcome.planned is not None:
            self._planned.append(outcome.planned)
        self._report(part, touched=outcome.planned is not None, reason=outcome.reason or visit.doubt)
        if outcome.candidates is None and outcome.reason is not None:
            self._list_links(part, outcome.reason)

    def _list_links(self, part: Part, reason: SkipReason) -> None:
        """List the links of a part of received mail that stays as it is."""
        if self._options.direction is Direction.OUTBOUND:
            return
        found = links_left_alone(
            self._raw,
            part,
            reason,
            options=self._options,
            policy=self._policy,
            room=self._room,
        )
        if found is not None:
            self._room -= min(self._room, len(found.decided))
            self._candidates.append(found)

    def _list_other_readings(self) -> None:
        """List what only programs see which read the structure otherwise."""
        self._candidates += links_of_other_readings(
            self._raw,
            self._root,
            self._candidates,
            options=self._options,
            policy=self._policy,
            room=self._room,
        )

    def _list_header(self) -> None:
        found = links_of_header(self._root, policy=self._policy, room=self._room)
        if found is not None:
            self._candidates.append(found)

    def _report(self, part: Part, *, touched: bool = False, reason: SkipReason | None = None) -> None:
        self._reports.append(
            PartReport(
                path=part.path,
                media_type=plain(part.media_type, 200),
                charset=plain(part.charset_label, 100),
                cte=plain(part.cte, 100),
                touched=touched,
                skip_reason=reason,
            )
        )
