"""serving: how workers are started, and what they do beside requests."""
