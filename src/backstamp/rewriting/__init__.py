"""rewriting: raw bytes and a policy in, bytes and a manifest out.

    plan(raw, options).apply(sealer).raw

A part's links are found (`html`, `text`), it is decided on each (`deciding`), the changed text is read again
(`planning.read_back`), and only then patches are written into the encoded octets (`applying`).
"""

from backstamp.mail.facts import MessageFacts, envelope_digest, facts_header, message_facts
from backstamp.rewriting.applying.plan import Plan, Rewritten, TrackedLink
from backstamp.rewriting.applying.sealer import Sealer
from backstamp.rewriting.deciding.candidates import LeftLink
from backstamp.rewriting.header.control import ControlFields, control_fields
from backstamp.rewriting.options import Limits, Options
from backstamp.rewriting.planning.message_planning import plan
from backstamp.rewriting.reporting.manifest import (
    CandidateReport,
    Carrier,
    Decision,
    Edit,
    Manifest,
    PartReport,
    PixelReport,
    Totals,
)
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.rewriting.unwrapping.message_unwrapping import unwrap, unwrapping_patches
from backstamp.rewriting.unwrapping.respelled import Reader
from backstamp.vocabulary import Direction, DkimSigned, ShownUrls, VisibleUrls


def rewrite(raw: bytes, options: Options, sealer: Sealer) -> Rewritten:
    """Plan and apply in one call, for one recipient."""
    return plan(raw, options).apply(sealer)


__all__ = [
    "CandidateReport",
    "Carrier",
    "ControlFields",
    "Decision",
    "Direction",
    "DkimSigned",
    "Edit",
    "LeftLink",
    "Limits",
    "Manifest",
    "MessageFacts",
    "Options",
    "PartReport",
    "PixelReport",
    "Plan",
    "Reader",
    "Rewritten",
    "Sealer",
    "ShownUrls",
    "SkipReason",
    "Totals",
    "TrackedLink",
    "VisibleUrls",
    "control_fields",
    "envelope_digest",
    "facts_header",
    "message_facts",
    "plan",
    "rewrite",
    "unwrap",
    "unwrapping_patches",
]
