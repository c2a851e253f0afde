"""tracking: a sent message with the pixel and the links of each recipient."""

from backstamp.gateway.rewriter.messages import RewriteAnswer, RewriteRequest, SealedLink
from backstamp.gateway.rewriter.unwrapping import with_targets
from backstamp.rewriting import Plan, plan
from backstamp.tokens import CopySealer, Keyring


def rewrite(request: RewriteRequest, raw: bytes, ring: Keyring) -> tuple[RewriteAnswer, list[bytes]]:
    """Return what was done with a message, and the copy for each seal of the request."""
    outgoing = with_targets(raw, request.unwrapped_prefixes, ring)
    made = plan(outgoing, request.options)
    sealers = [
        CopySealer(
            ring,
            request.base_url,
            domain_id=request.domain_id,
            tracking_id=request.tracking_id,
            recipient_index=seal.index,
            recipient_key=seal.recipient_key,
            sender_domain=request.sender_domain,
        )
        for seal in request.seals
    ]
    copies = [made.apply(sealer).raw for sealer in sealers]
    return _answer(made, unwrapped=outgoing is not raw and outgoing != raw), copies


def _answer(made: Plan, *, unwrapped: bool) -> RewriteAnswer:
    return RewriteAnswer(
        manifest=made.manifest.to_json().decode(),
        summary=made.manifest.summary,
        has_pixel=made.has_pixel,
        links=sealed_links(made),
        removed_fields=bool(made.manifest.removed_fields),
        is_personal=made.is_personal,
        unwrapped=unwrapped,
    )


def sealed_links(made: Plan) -> tuple[SealedLink, ...]:
    """Return the links of a plan as they go over the pipe."""
    return tuple(SealedLink(link.number, link.url, link.text, link.part) for link in made.links)
