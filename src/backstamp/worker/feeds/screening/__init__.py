"""screening: which entries of a feed are believed."""
