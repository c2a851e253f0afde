"""lists: what a list is, what it names, and what is to be done with it."""
