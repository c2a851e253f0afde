"""rollups: what is kept in step with the events, and can always be made again from them.

Where each recipient's copy stands (`standing`) and what a day counts (`day_counts`); `rollup` gathers what
one transaction changes of them, `rebuild` makes all of them anew, and `changes` numbers the changes.
"""
