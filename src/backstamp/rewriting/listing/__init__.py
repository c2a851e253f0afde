"""listing: links of received mail that stay as they are, for whoever judges the message."""
