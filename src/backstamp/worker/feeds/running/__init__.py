"""running: while the worker runs, a process of its own does what is due."""
