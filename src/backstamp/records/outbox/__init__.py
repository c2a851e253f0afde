"""outbox: channels to administrators, and what waits for each of them."""
