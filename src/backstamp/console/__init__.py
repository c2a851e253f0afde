"""console: the private pages, for administrators (a Django app; never shares a socket with the edge)."""
