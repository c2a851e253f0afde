"""snapshot: the parts of the policy that the worker publishes for gateway and edge.

What administrators decided and consents (`parts`, `followed_consents`), and who gets no more mail
(`suppressed_keys`): the last two are very many keys, gathered by the database itself (`packed_keys`) in files
(`key_spool`), and looked at only where it notes that they changed (`part_changes`).
"""
