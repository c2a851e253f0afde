"""parts: which parts of a message may be changed, and their text with the way back to its octets."""
