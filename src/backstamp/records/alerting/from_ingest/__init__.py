"""from_ingest: what of a batch of the journal may be worth an alert.

Clicks (`clicks`), reports of readers (`reader_reports`), and mail that arrived (`arrivals`), for a whole
batch (`batch`).
"""
