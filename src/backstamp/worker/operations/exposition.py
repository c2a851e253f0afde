"""Prometheus' text format (version 0.0.4): lines of name, labels and value."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from backstamp.journal.durations import BUCKETS, upper_bound_seconds

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Exposition:
    """Collects metrics, and gives them as one text. Label values are ours: nothing in them needs escaping."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lines: list[str] = []

    @property
    def text(self) -> str:
        """All that was added."""
        return "".join(f"{line}\n" for line in self._lines)

    def add(self, name: str, kind: str, help: str, values: Iterable[tuple[Mapping[str, str], float]]) -> None:
        """Add a counter or a gauge (`kind`) with its values by labels."""
        self._head(name, kind, help)
        self._lines += [f"{name}{_labels(labels)} {value:.15g}" for labels, value in values]

    def add_times(
        self, name: str, help: str, values: Iterable[tuple[Mapping[str, str], Sequence[int]]]
    ) -> None:
        """Add a histogram of seconds, with `Durations.values` by labels."""
        self._head(name, "histogram", help)
        for labels, (*counts, total_ns) in values:
            below = 0
            for bucket in range(BUCKETS):
                below += counts[bucket]
                bound = "+Inf" if bucket == BUCKETS - 1 else f"{upper_bound_seconds(bucket):.9g}"
                self._lines.append(f"{name}_bucket{_labels({**labels, 'le': bound})} {below}")
            self._lines.append(f"{name}_sum{_labels(labels)} {total_ns / 1e9:.15g}")
            self._lines.append(f"{name}_count{_labels(labels)} {below}")

    def _head(self, name: str, kind: str, help: str) -> None:
        self._lines += [f"# HELP {name} {help}", f"# TYPE {name} {kind}"]


def _labels(labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{{{inside}}}" if inside else ""
