"""records: what became of every message, kept in SQLite or PostgreSQL (a Django app).

From the top down; neighbours in a paragraph never import each other (`lint-imports`):

    apps            the registration with Django

    ingest          from the journal to rows, a transaction a batch
    queries         what console and worker ask
    snapshot        the parts of the policy that are published

    reports         what comes back of sent mail: put to its message, taken once, counted

    privacy         retention, erasure, what recipients ask on their own page
    looking_back    who had and who followed a link that became known to be bad
    wording         what a message about alerts says

    suppression     who gets no more mail, and who said so
    alerting        from occurrences to alerts

    protection      what administrators decide of received mail
    rollups         what is kept in step with events, and can be made again from them
    outbox          channels, and what waits for each

    administration  administrators, their way in, their domains
    memory          what ingest knows of today's messages without reading

    events          messages and hits as rows, and as values: siblings, tallies

    models          tables
    database        statements over many rows, turns, partitions, how columns spell things, SQLite's backend

    migrations      from each version to the next, on both databases

    trigrams        the index behind the search, made by migrations or as soon as the database can have it
"""
