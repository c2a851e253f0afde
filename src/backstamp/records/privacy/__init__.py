"""privacy: how long the records keep somebody's data, and what people ask of us about theirs.

What is old goes (`retention`). Who is erased goes everywhere (`erasure`), and nothing of theirs comes back
(`erased_copies`). People ask by their own page (`wishes`), also for what is recorded of them (`own_records`).
"""
