"""encodings: content transfer encodings undone, and patches written back into the encoded octets."""
