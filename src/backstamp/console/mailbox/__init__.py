"""mailbox: a captured mail as its reader would see it, and as its sender wrote it."""
