"""starting: what is seen to before a role runs, and how roles are started and ended.

Settings that clash (`problems`), addresses that are taken (`listening`), the `data_dir`, `one_worker` in it,
and Django (`django_start`); the tree of processes (`supervisor`), and what ends it (`stop_signals`).
"""
