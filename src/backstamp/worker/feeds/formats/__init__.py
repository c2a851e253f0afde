"""formats: what files and answers of several publishers have in common: packed, in JSON, as differences."""
