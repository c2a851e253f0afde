"""`python -m backstamp`: the command line."""

from backstamp.app.cli import main

main()
