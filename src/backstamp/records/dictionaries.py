"""What events share and therefore only number: the header fields of hits, and the reasons of verdicts.

A hit's header fields and reasons take 800 octets, its row without them 200; of a million hits a few
thousand sets of either differ. The numbers given in a transaction that fails are forgotten with the
memory that holds them (`memory.Memory`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from backstamp.records.bulk import insert_new, select_for_keys
from backstamp.records.models import Reason
from backstamp.verdicts import SignalName
from backstamp.verdicts.clients import client_of
from backstamp.verdicts.opened import signature_of
from backstamp.verdicts.signals import Reason as VerdictReason

_MOST_KNOWN: Final = 20_000
_CLIENT_CHARS: Final = 100
_DIGEST: Final = 16
_NUL: Final = "\0"

_HEADERS_BY_DIGEST: Final = (
    "SELECT h.id, h.month, h.digest FROM keys CROSS JOIN records_headerset h "
    "WHERE h.month = keys.m AND h.digest = keys.d"
)
_HEADERS_BY_ID: Final = "SELECT h.id, h.headers FROM keys CROSS JOIN records_headerset h WHERE h.id = keys.i"
_REASONS_BY_DIGEST: Final = (
    "SELECT r.id, r.digest FROM keys CROSS JOIN records_reason r WHERE r.digest = keys.d"
)
_REASONS_BY_ID: Final = (
    "SELECT r.id, r.signal, r.weight, r.text FROM keys CROSS JOIN records_reason r WHERE r.id = keys.i"
)

_encode: Final = msgspec.json.Encoder().encode
_decode_headers: Final = msgspec.json.Decoder(dict[str, str]).decode


class Headers(msgspec.Struct, eq=False):
    """A set of header fields, and what is worked out from it once.

    `by_a_person` says by network class whether an image hit with them is a person's.
    """

    id: int
    fields: dict[str, str]
    client: str
    signature: bytes
    by_a_person: dict[str, bool] = {}


class HeaderSets:
    """Sets of header fields by what was seen and by number."""

    def __init__(self) -> None:
        self._by_seen: dict[tuple[Any, ...], Headers] = {}
        self._by_id: dict[int, Headers] = {}

    def all(self, wanted: Sequence[tuple[int, dict[str, str]]]) -> list[Headers]:
        """Return the sets of hits, each given by its month and fields; those not yet known are written."""
        if len(self._by_seen) > _MOST_KNOWN:
            self._by_seen.clear()
            self._by_id.clear()
        keys = [(month, *fields.items()) for month, fields in wanted]
        missing = {key: each for key, each in zip(keys, wanted, strict=True) if key not in self._by_seen}
        if missing:
            self._learn(missing)
        return [self._by_seen[key] for key in keys]

    def of(self, id_: int | None) -> Headers:
        """Return a set by a number that was given to `load`; one that is gone is empty."""
        return self._by_id.get(id_ or 0, _NOTHING)

    def load(self, ids: Collection[int | None]) -> None:
        """Read sets by number."""
        missing = {(id_,) for id_ in ids if id_ is not None and id_ not in self._by_id}
        for id_, text in select_for_keys(_HEADERS_BY_ID, ("i",), missing):
            self._keep(id_, _decode_headers(text))

    def _learn(self, missing: Mapping[tuple[Any, ...], tuple[int, dict[str, str]]]) -> None:
        texts = {seen: (month, _encode(clean_headers(fields))) for seen, (month, fields) in missing.items()}
        digests = {
            seen: (month, blake2b(text, digest_size=_DIGEST).digest())
            for seen, (month, text) in texts.items()
        }
        insert_new(
            "records_headerset",
            ("month", "digest", "headers"),
            {digest: (*digest, texts[seen][1].decode()) for seen, digest in digests.items()}.values(),
        )
        keys = set(digests.values())
        found = {(m, bytes(d)): i for i, m, d in select_for_keys(_HEADERS_BY_DIGEST, ("m", "d"), keys)}
        for seen, digest in digests.items():
            self._by_seen[seen] = self._keep(found[digest], _decode_headers(texts[seen][1]))

    def _keep(self, id_: int, fields: dict[str, str]) -> Headers:
        client = client_of(fields.get("user_agent", "")).name[:_CLIENT_CHARS]
        return self._by_id.setdefault(id_, Headers(id_, fields, client, signature_of(fields)))


class Reasons:
    """Reasons by what they say and by number. A verdict's are kept as JSON: an array of numbers."""

    def __init__(self) -> None:
        self._numbers: dict[VerdictReason, int] = {}
        self._lists: dict[tuple[VerdictReason, ...], str] = {}
        self._by_apple: set[int] = set()
        self._apple_loaded = False

    def known(self, reasons: tuple[VerdictReason, ...]) -> str | None:
        """Return the reasons of a verdict as they are stored, where they are known."""
        return self._lists.get(reasons)

    def learn(self, wanted: Iterable[tuple[VerdictReason, ...]]) -> None:
        """Make sure that the records and this memory hold the reasons of these verdicts."""
        if len(self._lists) > _MOST_KNOWN:
            self._lists.clear()
            self._numbers.clear()
        lists = [reasons for reasons in wanted if reasons not in self._lists]
        missing = {reason for reasons in lists for reason in reasons if reason not in self._numbers}
        digests = {digest_of(reason): reason for reason in missing}
        insert_new(
            "records_reason",
            ("digest", "signal", "weight", "text"),
            ((digest, r.signal.value, r.weight, r.text) for digest, r in digests.items()),
        )
        for id_, digest in select_for_keys(_REASONS_BY_DIGEST, ("d",), ((digest,) for digest in digests)):
            reason = digests[bytes(digest)]
            self._numbers[reason] = id_
            if reason.signal is SignalName.APPLE_PREFETCH:
                self._by_apple.add(id_)
        for reasons in lists:
            self._lists[reasons] = _encode([self._numbers[reason] for reason in reasons]).decode()

    def load_apple(self) -> None:
        """Read once which reasons name Apple's fetching in advance: the roll-up asks for them."""
        if not self._apple_loaded:
            named = Reason.objects.filter(signal=SignalName.APPLE_PREFETCH)
            self._by_apple.update(named.values_list("pk", flat=True))
            self._apple_loaded = True

    def name_apple(self, stored: str) -> bool:
        """Whether stored reasons name Apple's fetching in advance."""
        return bool(self._by_apple) and not self._by_apple.isdisjoint(_decode_numbers(stored))


_decode_numbers: Final = msgspec.json.Decoder(list[Any]).decode
_NOTHING: Final = Headers(0, {}, "", signature_of({}))


def clean_headers(fields: dict[str, str]) -> dict[str, str]:
    """Return header fields without NUL, which PostgreSQL cannot keep."""
    return {name.replace(_NUL, ""): value.replace(_NUL, "") for name, value in fields.items()}


def digest_of(reason: VerdictReason) -> bytes:
    """Return what is unique to a reason."""
    return blake2b(_encode((reason.signal, reason.weight, reason.text)), digest_size=_DIGEST).digest()


def spelled_out(stored: Iterable[Any]) -> dict[int, dict[str, Any]]:
    """Return reasons by number, as JSON objects of `verdicts.Reason`; what is no number is left out."""
    ids = {(id_,) for id_ in stored if isinstance(id_, int)}
    return {
        id_: {"signal": signal, "weight": weight, "text": text}
        for id_, signal, weight, text in select_for_keys(_REASONS_BY_ID, ("i",), ids)
    }
