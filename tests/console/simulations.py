"""Simulations that only say that they run."""

from typing import Any

REPORT: dict[str, Any] = {
    "played": 40,
    "judged": 39,
    "settled": 2,
    "people_called_machine": 0,
    "machines_called_person": 1,
    "machines_caught": 0.973,
    "by_actor": [
        {
            "name": "human",
            "hits": 20,
            "right": 20,
            "recall": 1.0,
            "precision": 0.9524,
            "verdicts": {"human": 20},
        },
        {
            "name": "scanner",
            "hits": 10,
            "right": 9,
            "recall": 0.9,
            "precision": None,
            "verdicts": {"scanner": 9, "human": 1},
        },
    ],
    "by_cast": [],
}


class FakeSimulations:
    """`asked` are the sizes of those that were begun."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.is_running = False
        self.failed = ""
        self.found: dict[str, Any] | None = None

    def start(self, recipients: int) -> bool:
        if self.is_running:
            return False
        self.asked.append(recipients)
        self.is_running = True
        return True

    def running(self) -> bool:
        return self.is_running

    def acts(self) -> int:
        return 17

    def problem(self) -> str:
        return self.failed

    def report(self) -> dict[str, Any] | None:
        return self.found
