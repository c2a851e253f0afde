"""The three header fields of the Standard Webhooks specification, by which a receiver knows who sent it."""

import base64
import hashlib
import hmac

from backstamp.records.outbox.channels import SECRET_PREFIX


def signed_headers(secret: str, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the fields for a body.

    Args:
        secret: "whsec_" and the base64 of the key.
        event_id: the same at each try, so that a receiver can tell what it has already.
        timestamp: of this try, seconds since 1970 UTC; a receiver refuses old ones.
        body: the bytes that are sent, which are what is signed: `id.timestamp.body`.
    """
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = b"%s.%d.%s" % (event_id.encode(), timestamp, body)
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
