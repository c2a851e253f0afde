"""webhook: JSON, signed by the Standard Webhooks specification (version 1.0.0 of the scheme `v1`)."""

from backstamp.worker.channels.webhook.sending import send

__all__ = ["send"]
