"""rewriting: raw bytes and a policy in, bytes and a manifest out.

    plan(raw, options).apply(sealer).raw

A part's links are found (`html`, `text`), it is decided on each (`deciding`), the changed text is read again
(`planning.read_back`), and only then patches are written into the encoded octets (`applying`).

From the top down; neighbours in a paragraph never import each other (`lint-imports`):

    planning    a message's parts and their links, decided, put into patches, and read back
    unwrapping  what is undone: the original by its manifest, or from our URLs where a reply quotes them

    applying    a plan with one recipient's URLs
    listing     links of parts that stay as they are, and of other readings of a broken message

    parts       which parts may be changed, and the text of one with the way back to its octets

    html        the links of an HTML text: `source`, their places, and `other_readers`, what only those see
    deciding    whether a link is wrapped, and with which target

    text        the links of a plain text, and what stands around new ones
    header      fields that ask for something, or hold links

    found       a link as it was found

    reporting   the manifest, the reasons, and both in words

    options     the policy as values
    spans       spans in a text
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
