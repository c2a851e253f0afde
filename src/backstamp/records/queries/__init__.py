"""queries: what is asked of the records, and changes nothing.

For the console: what was sent (`sent_mail`, with `summaries`, found by `search`), what of it came of each day
(`overview`), what was received (`received_mail`), and who clicked (`clicks`, `click_filter`), all a page at a
time (`pagination`); for the worker, where links lead (`link_urls`).
"""
