"""wiring: from settings to the configuration of each role; a module each, so that no role loads another's."""
