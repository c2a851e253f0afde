"""snapshot_parts: the parts of the policy snapshot as the octets of their files.

    magic 7 | version 1 | CRC-32 of what follows 4 | MessagePack

In version 1 there was one file for all, without a head: who is upgraded while the database is away goes on by
it until the worker writes the parts.
"""

import struct
import sys
import zlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from backstamp.policy.consents import AxisConsents, Consent, Consents
from backstamp.policy.keys import Keys
from backstamp.policy.snapshot import Policy
from backstamp.policy.suppression import Suppressed, SuppressionReason

_MAGIC: Final = b"BSpolic"
_VERSION: Final = 2
_HEAD: Final = struct.Struct("<7sBI")
_SIZED: Final = struct.Struct(">BI")
"""MessagePack's kind of what follows, and how much there is: `bin 32` and `map 32`."""
_encode: Final = msgspec.msgpack.encode
T = TypeVar("T")


class SnapshotError(ValueError):
    """The octets are no part of a snapshot that this program reads."""


class PolicyPart(NamedTuple):
    """What a policy's file says; the other parts only where it is of version 1."""

    policy: Policy
    consents: Consents | None = None
    suppressed: Suppressed | None = None


class _KeySets(msgspec.Struct, frozen=True):
    """Sets of recipient keys by two words, as they lie in the memory of machines with this byte order."""

    byte_order: str
    sets: dict[str, dict[str, memoryview]]


class _Version1(Policy, frozen=True, kw_only=True):
    consents: dict[bytes, Consent] = msgspec.field(default_factory=dict)
    version: int = 1


class _ByReason(_Version1, frozen=True, kw_only=True):
    suppressed: dict[str, dict[SuppressionReason, frozenset[bytes]]] = msgspec.field(default_factory=dict)


class _ByKey(_Version1, frozen=True, kw_only=True):
    """As it was while a key had one reason only."""

    suppressed: dict[str, dict[bytes, SuppressionReason]]


def encode_policy(policy: Policy) -> bytes:
    """Return the policy as the octets of its file."""
    return _sealed(Policy(**policy.facts()))


def encode_consents(consents: Consents) -> list[memoryview]:
    """Return consents as the octets of their file: 8 for each axis on which somebody said something.

    In pieces, of which the keys are those that are given, and no copies.
    """
    axes = {"opens": consents.opens, "links": consents.links}
    return _sealed_sets({axis: msgspec.structs.asdict(said) for axis, said in axes.items()})


def encode_suppressed(suppressed: Suppressed) -> list[memoryview]:
    """Return the suppression list as the octets of its file: 8 for each entry; in pieces as consents."""
    return _sealed_sets(suppressed)


def decode_policy(data: bytes) -> PolicyPart:
    """Return the policy that `encode_policy` wrote, or all parts of a snapshot of version 1.

    Raises `SnapshotError`.
    """
    if data.startswith(_MAGIC):
        return PolicyPart(_opened(memoryview(data), Policy))
    whole: _ByReason | _ByKey
    try:
        whole = _decoded(data, _ByReason)
    except SnapshotError:
        whole = _decoded(data, _ByKey)
    if whole.version != 1:
        raise _other_version(whole.version)
    return PolicyPart(Policy(**whole.facts()), Consents.said(whole.consents), _suppressed_in(whole))


def _suppressed_in(whole: _ByReason | _ByKey) -> Suppressed:
    if isinstance(whole, _ByReason):
        return {
            domain: {reason: Keys.of(keys) for reason, keys in reasons.items()}
            for domain, reasons in whole.suppressed.items()
        }
    return {
        domain: {
            reason: Keys.of(key for key, its in reasons.items() if its is reason)
            for reason in set(reasons.values())
        }
        for domain, reasons in whole.suppressed.items()
    }


def decode_consents(data: memoryview) -> Consents:
    """Return the consents that `encode_consents` wrote; their keys stay where they lie.

    Raises `SnapshotError`.
    """
    sets = _opened_sets(data)
    try:
        return Consents(**{axis: AxisConsents(**said) for axis, said in sets.items()})
    except TypeError:
        raise SnapshotError("policy snapshot is not readable: these are no consents") from None


def decode_suppressed(data: memoryview) -> Suppressed:
    """Return the list that `encode_suppressed` wrote; its keys stay where they lie.

    Raises `SnapshotError`.
    """
    sets = _opened_sets(data)
    try:
        return {
            domain: {SuppressionReason(reason): keys for reason, keys in reasons.items()}
            for domain, reasons in sets.items()
        }
    except ValueError as error:
        raise SnapshotError(f"policy snapshot is not readable: {error}") from None


def _sealed_sets(sets: Mapping[str, Mapping[Any, Keys]]) -> list[memoryview]:
    """Return what `_KeySets` is in MessagePack, whose encoder would copy all keys."""
    pieces: list[bytes | memoryview] = [_map(2), *map(_encode, ("byte_order", sys.byteorder, "sets"))]
    pieces.append(_map(len(sets)))
    for name, inner in sets.items():
        pieces += [_encode(name), _map(len(inner))]
        for each, keys in inner.items():
            pieces += [_encode(str(each)), _SIZED.pack(0xC6, len(keys.octets)), keys.octets]
    checksum = 0
    for piece in pieces:
        checksum = zlib.crc32(piece, checksum)
    return [memoryview(piece) for piece in (_HEAD.pack(_MAGIC, _VERSION, checksum), *pieces)]


def _map(size: int) -> bytes:
    return _SIZED.pack(0xDF, size)


def _opened_sets(data: memoryview) -> dict[str, dict[str, Keys]]:
    found = _opened(data, _KeySets)
    if found.byte_order != sys.byteorder:
        raise SnapshotError("policy snapshot was made on another kind of machine")
    try:
        return {
            name: {each: Keys(octets) for each, octets in inner.items()} for name, inner in found.sets.items()
        }
    except ValueError as error:
        raise SnapshotError(f"policy snapshot is not readable: {error}") from None


def _sealed(part: object) -> bytes:
    payload = _encode(part)
    return _HEAD.pack(_MAGIC, _VERSION, zlib.crc32(payload)) + payload


def _opened(data: memoryview, type_: type[T]) -> T:
    if len(data) < _HEAD.size:
        raise SnapshotError("policy snapshot is cut off")
    magic, version, checksum = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise SnapshotError("policy snapshot is none")
    if version != _VERSION:
        raise _other_version(version)
    payload = data[_HEAD.size :]
    if zlib.crc32(payload) != checksum:
        raise SnapshotError("policy snapshot is damaged: the checksum does not fit")
    return _decoded(payload, type_)


def _other_version(version: int) -> SnapshotError:
    return SnapshotError(f"policy snapshot has format {version}, this program reads 1 and {_VERSION}")


def _decoded(payload: bytes | memoryview, type_: type[T]) -> T:
    try:
        return msgspec.msgpack.decode(payload, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SnapshotError(f"policy snapshot is not readable: {error}") from None
