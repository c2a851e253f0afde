"""planning: what is to be done with a message: decided, put into patches, and read back."""
