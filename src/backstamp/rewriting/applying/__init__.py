"""applying: a plan with one recipient's URLs."""
