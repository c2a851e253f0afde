"""deciding: whether a link is wrapped, and with which target, or why not."""
