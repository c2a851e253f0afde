"""refreshing: lists are fetched, read, believed or not, kept, and compiled to the file that all look up."""
