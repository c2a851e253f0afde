"""privacy: what must not be kept is deleted, and recipients are mailed what is kept of them."""
