"""requests: what is read of a request."""
