"""serving: what stands around the pages: server, limits, what all answers share, signing in."""
