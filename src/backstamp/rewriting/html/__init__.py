"""html: the links of an HTML text and their places in its source."""
