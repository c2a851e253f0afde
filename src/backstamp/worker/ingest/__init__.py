"""ingest: from the journal to the records, and verdicts that settle as time goes by."""
