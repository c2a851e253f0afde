"""The command line: `backstamp`, and `python -m backstamp`."""

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Loading takes 0.1 s, and Ctrl-C in it shall show nobody where. From `main` on it is heard again.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from backstamp.app.cli import main

if __name__ == "__main__":
    main()
