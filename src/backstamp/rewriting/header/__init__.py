"""header: the fields that ask for tracking, offer to unsubscribe, hold links, or give a base for them."""
