"""Why a message did not reach an administrator."""


class NotDeliveredError(Exception):
    """A channel did not take a message. The text is half a line, without what the other side said.

    `permanent`: it never will. `gone`: nor any other one. `retry_after` is for how many seconds it wants to
    be left alone.
    """

    def __init__(
        self, why: str, *, permanent: bool = False, gone: bool = False, retry_after: float = 0.0
    ) -> None:
        super().__init__(why)
        self.permanent = permanent or gone
        self.gone = gone
        self.retry_after = retry_after
