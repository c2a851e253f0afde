"""erasure: one person goes, from everywhere (GDPR article 17).

`person` says what goes in which order: their copies of mail (`copies`), what is kept of them beside mail
(`entries`), and where others' rows (`mentioning_rows`) hold their address, in whatever spelling (`mentions`).
"""
