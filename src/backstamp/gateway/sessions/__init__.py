"""sessions: one client's connection, from the greeting to QUIT, and what people's mail programs may do."""
