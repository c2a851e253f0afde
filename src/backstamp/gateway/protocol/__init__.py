"""protocol: SMTP and LMTP on the wire, for both sides of the gateway (RFC 5321, 2033, 3461, 6531)."""
