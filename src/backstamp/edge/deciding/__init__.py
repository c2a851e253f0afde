"""deciding: what the policy says of a hit, and whether a link leads on."""
