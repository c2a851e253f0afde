"""suppression: who gets no more mail, and who said so.

Entries of one list (`suppression_list`): made by people and imports, by what recipients wish (`list_wishes`),
and by what mail systems say (`by_mail_systems`).
"""
