"""One database of `bench queries`: `python -m backstamp.app.bench.queries_run EVENTS TIMES`.

0 events: none are added.  A page is asked for `TIMES` times, or for a part of that.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Final

from backstamp.app.bench.servers import scratch

_WORDS: Final = ("offer", "invoice", "person77@", "sender12", "zebra", "budget 1", "<f", "company499.example")


def main(events: int, times: int) -> None:
    """Fill the database where `events` is not 0, then time the pages."""
    if events:
        from backstamp.app.bench.fill import fill

        fill(events, sys.stderr)
    print(f"{'page':<28} {'median ms':>10} {'p95 ms':>8} {'wanted':>8} {'CPU ms, mean':>13}")
    for name, wanted, calls in _pages(times):
        spent = _processor_seconds()
        taken = sorted(_milliseconds(call) for call in calls)
        spent = _processor_seconds() - spent
        p95 = taken[int(len(taken) * 0.95)]
        print(
            f"{name:<28} {taken[len(taken) // 2]:>10.1f} {p95:>8.1f} {f'< {wanted}':>8} "
            f"{1000 * spent / len(taken):>13.1f}",
            flush=True,
        )


def _pages(times: int) -> Iterator[tuple[str, int, list[Callable[[], object]]]]:
    from backstamp.records.models import Message, MessageRollup
    from backstamp.records.queries.overview import overview
    from backstamp.records.queries.sent_mail import ListFilter, message_detail, message_page

    dice = random.Random(5)  # noqa: S311 - no secret is made of it
    keys = list(Message.objects.values_list("pk", flat=True))
    chosen = dice.choices(keys, k=times)
    yield "message timeline", 20, [partial(message_detail, key) for key in chosen]
    for which in ListFilter:
        yield f"list, {which}", 100, [partial(message_page, which=which)] * (times // 2)
    deep = _cursors(dice)
    yield "list, far down", 100, [partial(message_page, before=before) for before in deep]
    for which in (ListFilter.ALL, ListFilter.CLICKED, ListFilter.PROBLEM):
        words = _WORDS * (times // 3 // len(_WORDS))
        yield (
            f"list, {which}, searched",
            100,
            [partial(message_page, search=word, which=which) for word in words],
        )
    newest = MessageRollup.objects.order_by("-queued_at").values_list("queued_at", flat=True)[0]
    last = newest.date() + timedelta(days=1)
    for days in (30, 90):
        yield (
            f"overview of {days} days",
            150,
            [partial(overview, last - timedelta(days=days), last)] * (times // 2),
        )


def _cursors(dice: random.Random) -> list[str]:
    from backstamp.records.models import MessageRollup
    from backstamp.records.queries.sent_mail import BY_QUEUE

    number = MessageRollup.objects.count()
    rollups = BY_QUEUE.rows(MessageRollup.objects.all())
    return [str(BY_QUEUE.cursor(rollups[dice.randrange(number)])) for _ in range(20)]


def _processor_seconds() -> float:
    """Return what this process and PostgreSQL's for it used of a processor."""
    from backstamp.app.bench.ingest_run import server_seconds

    return time.process_time() + server_seconds()


def _milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    scratch.start_django()
    main(int(sys.argv[1]), int(sys.argv[2]))
