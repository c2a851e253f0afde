"""The figures of `/metrics`: what the edge counted, how far the journal is behind, how old the policy is."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from backstamp.journal.layout import SET_ASIDE, is_alive, producers, segments
from backstamp.policy import Snapshot
from backstamp.records.outbox.entries import ChannelStanding
from backstamp.shared_files import Answer, Drop
from backstamp.shared_files.edge_counters import EdgeValues, read_edge_counters
from backstamp.worker.feeds.config import FeedsConfig
from backstamp.worker.feeds.keeping.copies import ListStore
from backstamp.worker.feeds.keeping.standing import standing_of
from backstamp.worker.feeds.lists.source import HASHED
from backstamp.worker.feeds.questions.resting import rest_of
from backstamp.worker.operations.exposition import Exposition


def metrics(
    *,
    counters_dir: Path,
    journal_dir: Path,
    cursors: Mapping[str, int] | None,
    snapshot: Snapshot | None,
    failing: Mapping[str, float],
    feeds: FeedsConfig | None = None,
    channels: Sequence[ChannelStanding] = (),
    reports_too_large: int | None = None,
) -> str:
    """Return the page.

    `cursors` are None while the database is away, `reports_too_large` where no mailbox is read for reports;
    `failing` says of each part of the worker for how many seconds.
    Raises OSError.
    """
    page = Exposition()
    now_us = time.time_ns() // 1000
    _edge(page, read_edge_counters(counters_dir), now_us)
    page.add(
        "backstamp_database_up",
        "gauge",
        "Whether the database answered just now.",
        [({}, cursors is not None)],
    )
    page.add(
        "backstamp_part_failing_seconds",
        "gauge",
        "For how long a part of the worker has failed again and again.",
        [({"part": part}, seconds) for part, seconds in failing.items()],
    )
    _journal(page, journal_dir, cursors)
    if snapshot is not None:
        page.add(
            "backstamp_snapshot_age_seconds",
            "gauge",
            "Time since the policy was published.",
            [({}, _since(snapshot.published_at_us, now_us))],
        )
    if feeds is not None:
        _feeds(page, feeds, now_us)
    if channels:
        _channels(page, channels)
    if reports_too_large is not None:
        page.add(
            "backstamp_reports_too_large_total",
            "counter",
            "Mails in the mailbox of reports.imap that were too large to be read, since the worker's start.",
            [({}, reports_too_large)],
        )
    return page.text


def _since(at_us: int, now_us: int) -> float:
    """Return seconds. What comes from the future was written before the clock was set: nobody knows when."""
    return max(0, now_us - at_us) / 1e6


def _channels(page: Exposition, channels: Sequence[ChannelStanding]) -> None:
    page.add(
        "backstamp_channel_waiting",
        "gauge",
        "Messages about alerts that wait for a channel.",
        [({"channel": each.channel}, each.waiting) for each in channels],
    )
    page.add(
        "backstamp_channel_given_up",
        "gauge",
        "Messages that a channel did not take within a day, of those that are on record.",
        [({"channel": each.channel}, each.given_up) for each in channels],
    )
    page.add(
        "backstamp_channel_failing_seconds",
        "gauge",
        "For how long a channel has taken nothing that was sent to it.",
        [({"channel": each.channel}, each.failing_seconds) for each in channels],
    )


def _edge(page: Exposition, edges: list[EdgeValues], now_us: int) -> None:
    def labels(edge: EdgeValues) -> dict[str, str]:
        return {"slot": str(edge.slot)}

    page.add(
        "backstamp_edge_workers",
        "gauge",
        "Edge workers that live.",
        [({}, sum(edge.alive for edge in edges))],
    )
    page.add(
        "backstamp_edge_answers_total",
        "counter",
        "Requests answered, by what was answered.",
        [
            ({**labels(edge), "answer": answer.name.lower()}, edge.answers[answer])
            for edge in edges
            for answer in Answer
        ],
    )
    page.add(
        "backstamp_edge_hits_dropped_total",
        "counter",
        "Hits answered and not recorded, by reason.",
        [
            ({**labels(edge), "reason": drop.name.lower()}, edge.drops[drop])
            for edge in edges
            for drop in Drop
        ],
    )
    page.add_times(
        "backstamp_edge_answer_seconds",
        "From a request's arrival in the application to its answer, the journal's write included.",
        [(labels(edge), edge.answer_times) for edge in edges],
    )
    page.add_times(
        "backstamp_edge_journal_sync_seconds",
        "How long the disk took for fdatasync of the edge's journal.",
        [(labels(edge), edge.sync_times) for edge in edges],
    )
    page.add(
        "backstamp_edge_journal_sync_failures_total",
        "counter",
        "How often fdatasync of the edge's journal failed.",
        [(labels(edge), edge.sync_failures) for edge in edges],
    )
    page.add(
        "backstamp_edge_snapshot_age_seconds",
        "gauge",
        "Age of the policy that the worker obeys.",
        [
            (labels(edge), _since(edge.published_at_us, now_us))
            for edge in edges
            if edge.alive and edge.published_at_us
        ],
    )


def _journal(page: Exposition, directory: Path, cursors: Mapping[str, int] | None) -> None:
    names = producers(directory)
    alive = sum(_writes(directory, name) for name in names)
    page.add(
        "backstamp_journal_producers",
        "gauge",
        "Processes whose journal is there.",
        [({"state": "writing"}, alive), ({"state": "ended"}, len(names) - alive)],
    )
    if cursors is not None:
        page.add(
            "backstamp_journal_lag_bytes",
            "gauge",
            "Journal written and not ingested.",
            [({}, sum(_lag(directory, name, cursors.get(name, 0)) for name in names))],
        )
    set_aside = directory / SET_ASIDE
    page.add(
        "backstamp_journal_set_aside",
        "gauge",
        "Damaged stretches and refused records, kept for a person to look at.",
        [({}, len(list(set_aside.iterdir())) if set_aside.is_dir() else 0)],
    )


def _writes(directory: Path, producer: str) -> bool:
    try:
        return is_alive(directory, producer)
    except OSError:
        return False


def _lag(directory: Path, producer: str, cursor: int) -> int:
    """Return how many bytes of a producer lie behind its cursor; a file may be deleted while we look."""
    try:
        stream = segments(directory, producer)
        if not stream:
            return 0
        end = stream[-1].start + stream[-1].path.stat().st_size
    except OSError:  # not ours to read, or gone: the reader's log says so
        return 0
    return max(0, end - max(cursor, stream[0].start))


def _feeds(page: Exposition, config: FeedsConfig, now_us: int) -> None:
    published = {source.name for source in config.sources if not source.is_file}
    states = [
        ({"list": source.name}, standing_of(ListStore(config.directory, source.name)).state)
        for source in config.sources
    ]
    page.add(
        "backstamp_list_age_seconds",
        "gauge",
        "Time since a published list of dangerous URLs was last there, changed or not.",
        [
            (labels, _since(int(state.checked_at * 1e6), now_us))
            for labels, state in states
            if state.checked_at and labels["list"] in published
        ],
    )
    page.add(
        "backstamp_list_entries",
        "gauge",
        "What a list names.",
        [(labels, state.entries) for labels, state in states],
    )
    page.add(
        "backstamp_list_dropped",
        "gauge",
        "Entries of a list that are not believed, by reason.",
        [
            ({**labels, "reason": reason}, count)
            for labels, state in states
            for reason, count in sorted(state.dropped.items())
        ],
    )
    page.add(
        "backstamp_list_failures",
        "gauge",
        "How often in a row a list was not there, or no good.",
        [(labels, state.failures) for labels, state in states],
    )
    asked = [*(each.name for each in config.sources if each.form in HASHED)]
    asked += [each.name for each in config.dns_lists]
    rests = {name: rest_of(config.directory, name) for name in asked}
    page.add(
        "backstamp_list_left_alone",
        "gauge",
        "Whether a list that is asked about single links is left alone just now: it failed, or is no good.",
        [({"list": name}, rest is not None and rest.until > now_us / 1e6) for name, rest in rests.items()],
    )
