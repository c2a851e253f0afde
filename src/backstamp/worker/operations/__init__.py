"""operations: the private pages, for those who run this installation."""
