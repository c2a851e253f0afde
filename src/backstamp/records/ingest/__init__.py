"""ingest: from the journal to the records, one transaction for each batch.

`batches` does it, in this order: what is new to the records (`journal_cursors`), what is said of messages and
their copies (`said`, `new_messages`), then the hits (`hits`): by whom they are about (`recipients`), without
those of people who do not consent (`withdrawal`), and what the verdict says of them (`judging`). `settle`
does what time alone changes.
"""
