"""other_readers: what other programs read in an HTML text than the browsers whose tree we patch."""
