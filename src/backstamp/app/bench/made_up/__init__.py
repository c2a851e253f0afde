"""made_up: mail and hits to measure with, always the same."""
