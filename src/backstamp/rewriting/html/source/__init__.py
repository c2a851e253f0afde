"""source: where in the source of an HTML text stands what its tree holds."""
