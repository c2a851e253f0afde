"""keeping: the last good copy of each list, how it stands with it, and what is new until it is told."""
