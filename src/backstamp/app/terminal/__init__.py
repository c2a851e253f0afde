"""terminal: what commands share of what is typed, read and printed.

What is given: a mail `address`, the `whole_input`, or what no command takes (`bad_input`); who gives it
(`by_hand`); other people's words as they are `shown`; the help of `groups`; `standard_streams`.
"""
