"""return_paths: reverse paths of ours that say which copy a report is about (VERP)."""

from collections.abc import Callable

import msgspec

from backstamp.gateway.protocol.commands import Mailbox
from backstamp.tokens import Keyring, seal_return_path


class ReturnPaths:
    """Gives each copy a reverse path of its own, in the mail of the domains that are ours.

    The report mailbox (`worker.report_mailbox`) reads what comes back there, and hands it on to the
    reverse path that the client had given.
    """

    def __init__(self, keyring: Callable[[], Keyring], *, domain: str, owned: tuple[str, ...]) -> None:
        """`domain` is the report mailbox's, or empty for off; `owned` are domains in lower case."""
        self._keyring = keyring
        self._domain = domain
        self._owned = frozenset(owned) if domain else frozenset()

    def replaces(self, reverse_path: Mailbox) -> bool:
        """Whether copies of this mail get reverse paths of their own; the null path never is replaced."""
        return reverse_path.address.rpartition("@")[2].lower() in self._owned

    def of_copy(self, reverse_path: Mailbox, tracking_id: int, recipient_index: int) -> Mailbox:
        """Return the reverse path of a copy, with the parameters of the client's own."""
        local_part = seal_return_path(
            self._keyring(), tracking_id=tracking_id, recipient_index=recipient_index
        )
        return msgspec.structs.replace(reverse_path, path=f"{local_part}@{self._domain}")
