"""errors: what can be wrong with the gateway's configuration or surroundings, in one line each."""


class ConfigError(ValueError):
    """The configuration cannot be used; the message says what is wrong and what to do."""


class ListenError(OSError):
    """A listener cannot be opened; the message says which and why."""
