"""signatures: whether signed parts of received mail are signed by their author, and so stay as they are.

A change would break a signature, so signed parts go unguarded; that is only right where there is one. Whoever
signs must be trusted by the administrator (`Trust`), and be the author of the message.
"""

from backstamp.gateway.rewriter.signatures.signed_parts import Trust, held_parts

__all__ = ["Trust", "held_parts"]
