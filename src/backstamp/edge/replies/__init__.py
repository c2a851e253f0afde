"""replies: what is answered, and how it is sent."""
