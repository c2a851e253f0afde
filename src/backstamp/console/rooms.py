"""The console's rooms: which pages there are, by what they are about."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Room:
    """A page by the name of its address.

    `inner` are pages that one comes to from it, and addresses of its forms, which show it again where
    something is wrong.
    """

    title: str
    page: str
    inner: frozenset[str] = frozenset()

    def holds(self, page: str) -> bool:
        """Whether a page is this room's."""
        return page == self.page or page in self.inner


@dataclass(frozen=True)
class Wing:
    """Rooms that belong together."""

    title: str
    icon: str
    rooms: tuple[Room, ...]

    def holds(self, page: str) -> bool:
        """Whether a page is in one of its rooms."""
        return any(room.holds(page) for room in self.rooms)

    @property
    def has_alerts(self) -> bool:
        """Whether alerts are in one of its rooms."""
        return self.holds("alerts")


RECEIVED_MESSAGE: Final = "received-message"
"""The page of a message says so of received mail: its address is that of sent mail, too."""

WINGS: Final = (
    Wing(
        "Sent mail",
        "sent",
        (
            Room("Messages", "messages", frozenset({"message"})),
            Room("Unmatched", "reports"),
            Room("Suppressions", "suppressions", frozenset({"suppression-add"})),
            Room("Pixel by hand", "new-pixel", frozenset({"made-pixel"})),
        ),
    ),
    Wing(
        "Received mail",
        "scanner",
        (
            Room("Mail", "received", frozenset({RECEIVED_MESSAGE})),
            Room("Clicks", "clicks"),
            Room("Alerts", "alerts", frozenset({"alert", "alert-settings", "alert-rule", "channel-add"})),
            Room("Reports", "reader-reports"),
            Room("Lists", "lists", frozenset({"own-list-add", "switch-off"})),
            Room(
                "Protection",
                "protection",
                frozenset({"protection-add", "protected-domain", "protected-domain-change", "exception-add"}),
            ),
        ),
    ),
    Wing(
        "Test mailbox",
        "inbox",
        (Room("Mail", "mailbox", frozenset({"mail"})), Room("Simulation", "simulation")),
    ),
    Wing(
        "Policy",
        "policy",
        (Room("Policy", "policy", frozenset({"policy-domain", "policy-sender", "policy-consent"})),),
    ),
)
