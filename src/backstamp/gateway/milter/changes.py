"""changes: the fewest changes that make an MTA's copy of a message into the wanted one; no I/O.

What is not changed is not named, so it keeps its octets even where the MTA showed us others: Postfix takes
the white space before a field's colon away, and all behind a NUL. The changes go from the last field to the
first, so that no place or number that follows depends on what was changed before.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

import msgspec

from backstamp.gateway.milter import codec
from backstamp.gateway.milter.codec import MAX_CHUNK
from backstamp.mail.patches import Patched

_HEAD: Final = 256 * 1024
"""Octets in which the header section of nearly all messages ends."""
MOST_PAIRS: Final = 250_000
"""Fields of before times fields of after, between what both begin and end with, that are compared one by one
(0.1 s); beyond that all of them are taken away and put in."""


class NotPossibleError(ValueError):
    """The wanted message is one that no MTA can be told; says why, and quotes nothing."""


class Changes(msgspec.Struct, frozen=True):
    """Packets for the header, in their order, and the other body in chunks, or None where it stays."""

    header: tuple[bytes, ...]
    body: Iterator[bytes] | None

    def packets(self) -> Iterator[bytes]:
        """Yield all that is to be sent."""
        yield from self.header
        if self.body is not None:
            yield from codec.replace_body(self.body)


def find_changes(
    fields: Sequence[bytes], body: memoryview, wanted: Patched, *, hidden_fields: int, fold: bytes = b"\n"
) -> Changes:
    """Return what makes `fields` and `body` into the message `wanted`.

    `fields` have CRLF inside and none at the end; `wanted` has CRLF throughout; `hidden_fields` of the MTA's
    own stand above `fields` where it counts places; `fold` is what it has between the lines of a field. A
    body's line ends are the MTA's: Postfix takes LF for CRLF, and ends the last line. Raises
    `NotPossibleError`.
    """
    header, start = _header(wanted)
    changes = tuple(_packets(fields, _fields(header), hidden_fields, fold))
    return Changes(changes, None if _has_body(wanted, start, body) else wanted.blocks(MAX_CHUNK, start=start))


def _header(message: Patched) -> tuple[bytes, int]:
    """Return the header section without its last line end, and where the body begins."""
    head = message.head(_HEAD)
    if len(head) == _HEAD and b"\r\n\r\n" not in head:
        head = message.whole()
    if head.startswith(b"\r\n"):
        return b"", 2
    header, empty_line, _ = head.partition(b"\r\n\r\n")
    return header.removesuffix(b"\r\n") if not empty_line else header, len(header) + len(empty_line)


def _has_body(message: Patched, start: int, body: memoryview) -> bool:
    """Return whether the message has this body, which begins there."""
    if len(message) - start != len(body):
        return False
    place = 0
    for block in message.blocks(_HEAD, start=start):
        if body[place : place + len(block)].tobytes() != block:
            return False
        place += len(block)
    return True


def _fields(header: bytes) -> list[bytes]:
    fields: list[bytes] = []
    for line in header.split(b"\r\n") if header else ():
        if _begins_field(line):
            fields.append(line)
        elif fields:
            # Also a line that is no field: an MTA that ends lines by CRLF alone has one where a stranger
            # wrote LF into a field, and it must be no way past us.
            fields[-1] += b"\r\n" + line
        else:
            raise NotPossibleError("the first line of the header is no field")
    return fields


def _begins_field(line: bytes) -> bool:
    return not line.startswith((b" ", b"\t", b":")) and b":" in line


class _Move(Enum):
    KEEP = 0
    CHANGE = 1
    DELETE = 2
    INSERT = 3


def _packets(old: Sequence[bytes], new: Sequence[bytes], hidden: int, fold: bytes) -> Iterator[bytes]:
    if old == new:
        return
    numbers = _numbers(old)
    i, j = len(old), len(new)
    behind: list[bytes] = []
    for move in _moves(old, new):
        if move is not _Move.INSERT:
            i -= 1
        if move is not _Move.DELETE:
            j -= 1
        match move:
            case _Move.CHANGE:
                yield codec.change_header(numbers[i], *_name_and_value(new[j], fold))
            case _Move.DELETE:
                yield codec.change_header(numbers[i], _name(old[i]), b"")
            case _Move.INSERT if i == len(old):
                behind.append(codec.add_header(*_name_and_value(new[j], fold)))
            case _Move.INSERT:
                yield codec.insert_header(i + hidden, *_name_and_value(new[j], fold))
            case _Move.KEEP:
                pass
    yield from reversed(behind)


def _numbers(fields: Sequence[bytes]) -> list[int]:
    """Return for each field which one of its name it is; names are the same in upper and lower case."""
    counts: dict[bytes, int] = {}
    numbers = []
    for field in fields:
        name = _name(field).lower()
        counts[name] = counts.get(name, 0) + 1
        numbers.append(counts[name])
    return numbers


def _moves(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[_Move]:
    """Yield the fewest moves from `old` to `new`, last field first."""
    first = 0
    shorter = min(len(old), len(new))
    while first < shorter and old[first] == new[first]:
        first += 1
    last = 0
    while last < shorter - first and old[-1 - last] == new[-1 - last]:
        last += 1
    for _ in range(last):
        yield _Move.KEEP
    yield from _middle(old[first : len(old) - last], new[first : len(new) - last])
    for _ in range(first):
        yield _Move.KEEP


def _middle(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[_Move]:
    if len(old) * len(new) > MOST_PAIRS:
        yield from [_Move.INSERT] * len(new)
        yield from [_Move.DELETE] * len(old)
        return
    # costs[i][j]: moves that make the first i of old into the first j of new.
    costs = [list(range(len(new) + 1))]
    for i, before in enumerate(old, 1):
        above, row = costs[-1], [i]
        for j, after in enumerate(new, 1):
            step = 0 if before == after else 1 if _can_change(before, after) else 2
            row.append(min(above[j - 1] + step, above[j] + 1, row[-1] + 1))
        costs.append(row)
    i, j = len(old), len(new)
    while i or j:
        if i and j and old[i - 1] == new[j - 1] and costs[i][j] == costs[i - 1][j - 1]:
            move = _Move.KEEP
        elif i and j and costs[i][j] == costs[i - 1][j - 1] + 1 and _can_change(old[i - 1], new[j - 1]):
            move = _Move.CHANGE
        elif j and costs[i][j] == costs[i][j - 1] + 1:
            move = _Move.INSERT
        else:
            move = _Move.DELETE
        i -= move is not _Move.INSERT
        j -= move is not _Move.DELETE
        yield move


def _can_change(before: bytes, after: bytes) -> bool:
    """Whether one change does it: the name stays, and there is a value, for one of nothing deletes."""
    name, colon, value = after.partition(b":")
    return bool(colon and value) and _name(before) == name


def _name(field: bytes) -> bytes:
    return field.partition(b":")[0]


def _name_and_value(field: bytes, fold: bytes) -> tuple[bytes, bytes]:
    """Return what an MTA is told of a field. A NUL, which ends what it is told, was a stranger's: it goes."""
    name, _, value = field.replace(b"\0", b"").partition(b":")
    return name, value.replace(b"\r\n", fold)
