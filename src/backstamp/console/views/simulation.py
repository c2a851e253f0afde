"""A simulation: people and machines act on made-up mail, and the verdicts are marked."""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from backstamp.console.config import console_config
from backstamp.console.wording.events import ACTORS, Words
from backstamp.vocabulary import Actor

SIZES: Final = (60, 200, 1000)


@dataclass(frozen=True)
class Row:
    """An actor, how often it acted, how often that was told, and what it was taken for else."""

    words: Words
    hits: int
    recall: str
    precision: str
    others: tuple[tuple[str, int], ...]


@require_safe
def simulation(request: HttpRequest) -> HttpResponse:
    """Show the last report, and what is running."""
    runs = console_config().simulations
    context = {
        "config": console_config(),
        "sizes": SIZES,
        "running": runs.running(),
        "acts": runs.acts() if runs.running() else 0,
        "problem": runs.problem(),
        "report": _report(runs.report()),
    }
    return render(request, "console/simulation.html", context)


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Begin a simulation of one of the sizes offered."""
    size = request.POST.get("recipients", "")
    if not console_config().capturing:
        notices.error(request, "A next hop is set, so mail would really leave.")
    elif size not in map(str, SIZES):
        notices.error(request, "Choose one of the sizes.")
    elif not console_config().simulations.start(int(size)):
        notices.error(request, "A simulation is running already.")
    return redirect("simulation")


def _report(found: dict[str, Any] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    try:
        return {
            "judged": found["judged"],
            "played": found["played"],
            "settled": found["settled"],
            "people_called_machine": found["people_called_machine"],
            "machines_called_person": found["machines_called_person"],
            "machines_caught": _percent(found["machines_caught"]),
            "rows": [_row(row) for row in found["by_actor"]],
        }
    except (KeyError, ValueError, TypeError):
        return None


def _row(row: dict[str, Any]) -> Row:
    actor = Actor(row["name"])
    others = (
        (ACTORS[Actor(name)].title, number) for name, number in row["verdicts"].items() if name != actor
    )
    return Row(ACTORS[actor], row["hits"], _percent(row["recall"]), _percent(row["precision"]), tuple(others))


def _percent(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.1%}".replace(".0%", "%")
