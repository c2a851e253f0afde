"""What cannot be done, told to the person who wants it."""


class RefusedError(Exception):
    """A wish of an administrator that cannot be fulfilled; the message is one line that says why."""
