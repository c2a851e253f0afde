"""The policy snapshot's files, each replaced as a whole by the worker and read by gateway and edge.

Those of consents and of the suppression list, which may be large, are mapped: all processes share them.
"""

import operator
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from backstamp.policy import (
    Consents,
    Policy,
    PolicyPart,
    Snapshot,
    Suppressed,
    decode_consents,
    decode_policy,
    decode_suppressed,
    encode_consents,
    encode_policy,
    encode_suppressed,
)
from backstamp.shared_files.replacing import replace_file
from backstamp.shared_files.shared_file import SharedFile, mapped

RECHECK_SECONDS: Final = 0.2
"""Less than the edge's quarter of a second, so that it looks each time; three files cost 5 us."""
T = TypeVar("T")
_Parts = tuple[PolicyPart | None, Consents | None, Suppressed | None]


class SnapshotFile:
    """The newest policy; None where there never were all its parts."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet; `path` is of the policy, and the other parts lie beside it."""
        self._policy: SharedFile[PolicyPart | None] = _file(
            path, lambda file: decode_policy(file.read_bytes()), "the last good policy stays in force"
        )
        self._consents: SharedFile[Consents | None] = _file(
            consents_path(path),
            lambda file: decode_consents(memoryview(mapped(file))),
            "the last good consents stay in force",
        )
        self._suppressed: SharedFile[Suppressed | None] = _file(
            suppressed_path(path),
            lambda file: decode_suppressed(memoryview(mapped(file))),
            "the last good suppression list stays in force",
        )
        self._parts: _Parts = None, None, None
        self._whole: Snapshot | None = None

    def current(self) -> Snapshot | None:
        """Return the policy: the same object until one of its parts is replaced. Cheap."""
        parts = self._policy.current(), self._consents.current(), self._suppressed.current()
        if any(map(operator.is_not, parts, self._parts)):
            self._parts = parts
            self._whole = _whole(*parts) or self._whole
        return self._whole


def consents_path(path: Path) -> Path:
    """Return where the consents lie that belong to the policy at `path`."""
    return path.with_name(f"{path.name}.consents")


def suppressed_path(path: Path) -> Path:
    """Return where the suppression list lies that belongs to the policy at `path`."""
    return path.with_name(f"{path.name}.suppressed")


def publish_policy(path: Path, policy: Policy) -> None:
    """Put a policy in the place of the old one; a reader sees the one or the other. Raises OSError."""
    replace_file(path, encode_policy(policy))


def publish_consents(path: Path, consents: Consents) -> None:
    """Put consents in the place of the old ones, beside the policy at `path`. Raises OSError."""
    replace_file(consents_path(path), *encode_consents(consents))


def publish_suppressed(path: Path, suppressed: Suppressed) -> None:
    """Put a suppression list in the place of the old one, beside the policy at `path`. Raises OSError."""
    replace_file(suppressed_path(path), *encode_suppressed(suppressed))


def publish_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Publish all parts. Raises OSError."""
    publish_consents(path, snapshot.consents)
    publish_suppressed(path, snapshot.suppressed)
    publish_policy(path, snapshot)


def _file(path: Path, read: Callable[[Path], T], in_force: str) -> SharedFile[T | None]:
    return SharedFile(path, read, nothing=None, recheck_seconds=RECHECK_SECONDS, in_force=in_force)


def _whole(
    part: PolicyPart | None, consents: Consents | None, suppressed: Suppressed | None
) -> Snapshot | None:
    """Return the parts as one; None as long as one is missing: whoever withdrew must not be overlooked."""
    if part is None:
        return None
    consents = part.consents if consents is None else consents
    suppressed = part.suppressed if suppressed is None else suppressed
    return None if consents is None or suppressed is None else Snapshot.of(part.policy, consents, suppressed)
