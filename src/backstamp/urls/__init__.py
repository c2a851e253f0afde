"""urls: what a browser would request for a link, which hosts it names, and other vendors' wrappers."""
