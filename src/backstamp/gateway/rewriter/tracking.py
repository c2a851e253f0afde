"""tracking: a sent message with the pixel and the links of each recipient."""

from backstamp.gateway.rewriter.messages import RewriteAnswer, RewriteRequest, SealedLink
from backstamp.gateway.rewriter.unwrapping import target_patches
from backstamp.mail.composed_patches import composed
from backstamp.mail.patches import Patch, apply_patches
from backstamp.rewriting import Plan, plan
from backstamp.tokens import CopySealer, Keyring


def rewrite(request: RewriteRequest, raw: bytes, ring: Keyring) -> tuple[RewriteAnswer, list[list[Patch]]]:
    """Return what was done with a message, and for each seal of the request what makes its copy."""
    unwrapping = target_patches(raw, request.unwrapped_prefixes, ring)
    outgoing = apply_patches(raw, unwrapping)
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
    copies = [composed(len(raw), unwrapping, made.apply(sealer).patches) for sealer in sealers]
    return _answer(made, unwrapped=bool(unwrapping) and outgoing != raw), copies


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
