"""reporting: what was done with a message, and why not, as values and words."""
