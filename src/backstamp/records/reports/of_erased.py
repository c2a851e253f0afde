"""Reports that name somebody who was erased by nothing but their address."""

import msgspec

from backstamp.records.models import Consent
from backstamp.records.privacy.erased_copies import BY_ERASURE
from backstamp.records.reports.matching import Finding, folded
from backstamp.tokens import Keyring


def without_erased(finding: Finding, keyring: Keyring) -> Finding | None:
    """Return a report without what it says of those who were erased, None where nothing is left.

    What a seal says is about a copy, and those of the erased are known to ingest.
    """
    keys = [
        {keyring.recipient_key(folded(address)) for address in (said.address, *said.also) if address}
        for said in finding.statements
    ]
    rows = Consent.objects.filter(recipient_key__in=set().union(*keys), recorded_by=BY_ERASURE)
    erased = {bytes(key) for key in rows.values_list("recipient_key", flat=True)}
    left = tuple(said for said, theirs in zip(finding.statements, keys, strict=True) if not theirs & erased)
    return msgspec.structs.replace(finding, statements=left) if left else None
