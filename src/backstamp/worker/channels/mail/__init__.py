"""mail: plain text and simple HTML, handed to the next hop. Nothing in it is tracked or clickable."""

from backstamp.worker.channels.mail.sending import send

__all__ = ["send"]
