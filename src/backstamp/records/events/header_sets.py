"""Header fields of hits, which events only number: of a million hits a few thousand sets differ.

A hit's header fields and reasons take 800 octets, its row without them 200. The numbers given in a
transaction that fails are forgotten with the memory that holds them (`memory.Memory`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from backstamp.records.database.bulk import insert_new
from backstamp.records.database.instants import month_of
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.verdicts.clients import client_of
from backstamp.verdicts.opened import signature_of
from backstamp.vocabulary import Hit

_MOST_KNOWN: Final = 20_000
_CLIENT_CHARS: Final = 100
_DIGEST: Final = 16
_NUL: Final = "\0"

_BY_DIGEST: Final = (
    "SELECT h.id, h.month, h.digest FROM keys CROSS JOIN records_headerset h "
    "WHERE h.month = keys.m AND h.digest = keys.d"
)
_BY_ID: Final = "SELECT h.id, h.headers FROM keys CROSS JOIN records_headerset h WHERE h.id = keys.i"

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(dict[str, str]).decode


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
        self._by_object: dict[int, dict[int, tuple[dict[str, str], Headers]]] = {}
        self._by_seen: dict[tuple[Any, ...], Headers] = {}
        self._by_id: dict[int, Headers] = {}

    def all(self, hits: Sequence[Hit]) -> list[Headers]:
        """Return the sets of these hits, one for each; those not yet known are written.

        Hits from the journal share the objects that hold their fields (`journal.codec`), so objects are
        looked up first, by month.
        """
        known = self._by_object
        if sum(map(len, known.values())) > _MOST_KNOWN:
            known.clear()
        times = [hit.at_us for hit in hits]
        if times and (month := month_of(min(times))) == month_of(max(times)):
            of_month = known.setdefault(month, {})
            found = [of_month.get(id(hit.headers)) for hit in hits]
        else:
            found = [known.setdefault(month_of(hit.at_us), {}).get(id(hit.headers)) for hit in hits]
        if None in found:
            self._learn_objects(hit for hit, each in zip(hits, found, strict=True) if each is None)
            return [known[month_of(hit.at_us)][id(hit.headers)][1] for hit in hits]
        return [each[1] for each in found if each is not None]

    def _learn_objects(self, hits: Iterable[Hit]) -> None:
        missing = {(month_of(hit.at_us), id(hit.headers)): hit.headers for hit in hits}
        found = self._by_content([(month, fields) for (month, _), fields in missing.items()])
        for ((month, key), fields), headers in zip(missing.items(), found, strict=True):
            self._by_object.setdefault(month, {})[key] = fields, headers

    def _by_content(self, wanted: Sequence[tuple[int, dict[str, str]]]) -> list[Headers]:
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
        for id_, text in select_for_keys(_BY_ID, ("i",), missing):
            self._keep(id_, _decode(text))

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
        found = {(m, bytes(d)): i for i, m, d in select_for_keys(_BY_DIGEST, ("m", "d"), keys)}
        for seen, digest in digests.items():
            stored, (_, given) = _decode(texts[seen][1]), missing[seen]
            self._by_seen[seen] = self._keep(found[digest], given if given == stored else stored)

    def _keep(self, id_: int, fields: dict[str, str]) -> Headers:
        client = client_of(fields.get("user_agent", "")).name[:_CLIENT_CHARS]
        return self._by_id.setdefault(id_, Headers(id_, fields, client, signature_of(fields)))


_NOTHING: Final = Headers(0, {}, "", signature_of({}))


def clean_headers(fields: dict[str, str]) -> dict[str, str]:
    """Return header fields without NUL, which PostgreSQL cannot keep."""
    return {name.replace(_NUL, ""): value.replace(_NUL, "") for name, value in fields.items()}
