"""delivering: a message to all its recipients, and what became of each copy; no try delivers one twice."""
