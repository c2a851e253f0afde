"""relaying: connections with the server behind us, and what is said there."""
