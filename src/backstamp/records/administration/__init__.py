"""administration: who administers this installation, and its domains.

Nothing here hangs together but by its users: forms of the console and the command line, which ask for
something and are told in one line (`refusals`) why it cannot be.
"""
