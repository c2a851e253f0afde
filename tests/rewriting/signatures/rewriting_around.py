"""Rewrite a message around a signed or encrypted entity, and hand the entity back as it came out."""

from backstamp.rewriting import Direction, Options, SkipReason, plan, unwrap
from tests.rewriting.sealers import BASE, FixedSealer
from tests.rewriting.signatures.places import OUTSIDE, PLACES
from tests.rewriting.signatures.tools import in_crlf

NOBODY = dict[str, str]().get
NEWLINES = {"crlf": b"\r\n", "lf": b"\n"}


def came_out(place: str, entity: bytes, newline: str, direction: Direction, reason: SkipReason) -> bytes:
    """Return the entity, as it stands in the rewritten message, in CRLF.

    The engine gets the message in `newline`, and is asked for links and pixel. Not an octet of the entity
    changes, neither now nor when our URLs are taken out again; the links outside it do, and the manifest
    gives `reason`.
    """
    here = PLACES[place]
    kept = entity.replace(b"\r\n", NEWLINES[newline])
    raw = here.put(entity).replace(b"\r\n", NEWLINES[newline])
    assert kept in raw
    planned = plan(raw, Options(direction=direction, own_prefixes=(f"{BASE}/",)))
    sealer = FixedSealer()
    rewritten = planned.apply(sealer)
    assert kept in rewritten.raw
    if here.has_link:
        assert OUTSIDE.encode() not in rewritten.raw
        assert {link.url for link in planned.links} == {OUTSIDE}
    else:
        assert rewritten.raw == raw
    if place == "forwarded" and direction is Direction.OUTBOUND:
        reason = SkipReason.ATTACHED_MESSAGE
    assert reason in {part.skip_reason for part in planned.manifest.parts}
    assert unwrap(rewritten.raw, NOBODY, rewritten.manifest) == raw
    assert kept in unwrap(rewritten.raw, sealer.reads(planned).get)
    return here.take(in_crlf(rewritten.raw))
