"""unwrapping: the message as it was before, from its manifest or from the URLs alone."""
