"""feeds: lists of dangerous URLs that others publish: had, kept, compiled, and asked about."""
