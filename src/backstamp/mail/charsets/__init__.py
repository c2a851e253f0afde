"""charsets: bytes of a part as text, with the way back, and what other readers would make of them."""
