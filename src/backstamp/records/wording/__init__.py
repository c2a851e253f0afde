"""wording: what a message about alerts says: the facts, and the words that console and mail share."""
