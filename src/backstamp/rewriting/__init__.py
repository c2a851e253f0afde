"""rewriting: raw bytes and a policy in, bytes and a manifest out.

    plan(raw, options).apply(sealer).raw

Candidates are found (`html_links`, `text_links`), the policy decides on each (`link_policy`), the changed
text is read again (`pixel.ReadBack`), and only then patches are written into the encoded octets.
"""

from backstamp.mail.facts import MessageFacts, envelope_digest, facts_header, message_facts
from backstamp.rewriting.control import ControlFields, control_fields
from backstamp.rewriting.manifest import (
    CandidateReport,
    Carrier,
    Decision,
    Edit,
    Manifest,
    PartReport,
    PixelReport,
    Totals,
)
from backstamp.rewriting.options import Limits, Options
from backstamp.rewriting.plan import Plan, Rewritten, Sealer, TrackedLink
from backstamp.rewriting.planning import plan
from backstamp.rewriting.reasons import SkipReason
from backstamp.rewriting.reporting import LeftLink
from backstamp.rewriting.respelled import Reader
from backstamp.rewriting.unwrapping import unwrap, unwrapping_patches
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
