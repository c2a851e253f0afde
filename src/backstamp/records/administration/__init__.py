"""administration: who administers this installation, and its domains.

Administrators (`administrators`) may sign in by links that work once (`sign_in_links`), and name the
domains whose mail this is (`sender_domains`); what cannot be is told to them in one line (`refusals`).
"""
