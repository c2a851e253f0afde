"""capture: the built-in mailbox that takes all mail while no next hop is configured, and passes none on."""
