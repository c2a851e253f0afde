"""events: what happened to messages, as rows and as values.

Rows are made of what the gateway says (`message_rows`), of received links (`guarded_links`) and of hits
(`hit_rows`, in PostgreSQL's own format `binary_rows`), which number what they share (`header_sets`,
`judgements`). Read again, hits are values (`stored_hits`): siblings in a group for each recipient (`groups`),
counted in a tally for each message (`tally`). Addresses and links that they name by number are in `lookups`.
"""
