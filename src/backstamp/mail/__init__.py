"""mail: the raw bytes of a message as a tree of parts with spans, and ways to patch them in place."""
