"""memory: what ingest knows of today's messages without reading.

`today.Memory` holds the others: cards of messages and recipients (`cards`), hits by where they came from
(`sources`), confirmed names of addresses (`reverse_names`); it lies in large pages (`huge_pages`).
"""
