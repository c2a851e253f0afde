"""A sealer whose URLs can be foretold, and the reader that opens them."""

from collections.abc import Sequence

from backstamp.rewriting import Plan

BASE = "https://t.example.net"


class FixedSealer:
    """Gives `https://t.example.net/L1xxxx...` for link 1, as long as asked for."""

    def __init__(self, padding: int = 40) -> None:
        self._padding = "x" * padding

    def links(self, links: Sequence[tuple[int, str]]) -> list[str]:
        return [self.link(*link) for link in links]

    def link(self, number: int, url: str) -> str:
        return f"{BASE}/L{number}{self._padding}"

    def pixel(self) -> str:
        return f"{BASE}/P{'y' * 47}"

    def unsubscribe(self) -> str:
        return f"{BASE}/u/{'z' * 67}"

    def reads(self, plan: Plan) -> dict[str, str]:
        """Return what each sealed URL stands for, "" for the pixel's."""
        known = {self.link(link.number, link.url): link.url for link in plan.links}
        return known | {self.pixel(): "", self.unsubscribe(): ""}
