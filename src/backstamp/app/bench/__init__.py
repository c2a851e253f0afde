"""bench: the parts measured, each beside named peers in the same run (`backstamp bench`).

What is made up to measure with is in `made_up`, and what stands beside us in `servers`.
"""
