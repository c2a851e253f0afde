"""text: the addresses of a plain text, over line ends too, and new ones put in their place."""
