"""protection: what administrators decide of received mail, and what readers say of it.

Domains and who is excepted (`domain_settings`), own lists (`own_lists`), links and hosts switched off
(`kills`), the logo of our pages (`page_logos`, `picture_sizes`), and what is done about readers' reports
(`reader_reports`); `as_policy` reads all of it as the values by which edge and gateway decide.
"""
