"""Judgements of hits, and the reasons of verdicts, which events only number.

A million hits have a few thousand sets of reasons. The numbers given in a transaction that fails are
forgotten with the memory that holds them (`memory.Memory`).
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec

from backstamp.records.database.bulk import insert_new
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.models import Reason
from backstamp.verdicts import SignalName, Verdict
from backstamp.verdicts.signals import Reason as VerdictReason
from backstamp.vocabulary import Actor

_MOST_KNOWN: Final = 20_000
_DIGEST: Final = 16

_BY_DIGEST: Final = "SELECT r.id, r.digest FROM keys CROSS JOIN records_reason r WHERE r.digest = keys.d"
_BY_ID: Final = (
    "SELECT r.id, r.signal, r.weight, r.text, r.params "
    "FROM keys CROSS JOIN records_reason r WHERE r.id = keys.i"
)

_encode: Final = msgspec.json.Encoder().encode
_decode_numbers: Final = msgspec.json.Decoder(list[Any]).decode
_decode_params: Final = msgspec.json.Decoder(dict[str, str]).decode


class Judgement(msgspec.Struct, frozen=True, cache_hash=True, gc=False):
    """What the records say about who caused a hit; `reasons` is a JSON array of numbers of `Reason`.

    `by_apple` says that the reasons name Apple's fetching in advance.
    """

    actor: Actor
    counts: bool
    score: float
    certainty: str
    reasons: str
    by_apple: bool = False


class Reasons:
    """Reasons by what they say and by number. A verdict's are kept as JSON: an array of numbers."""

    def __init__(self) -> None:
        self._numbers: dict[VerdictReason, int] = {}
        self._judgements: dict[int, Judgement] = {}
        self._verdicts: list[Verdict] = []
        """Those whose `id` is a key: they live as long."""
        self._completed: dict[Judgement, Judgement] = {}
        self._by_apple: set[int] = set()
        self._apple_loaded = False

    def judgements(self, verdicts: Mapping[int, Verdict]) -> Mapping[int, Judgement]:
        """Return how verdicts, by the `id` of each, are stored; what is not yet known of them is written.

        Equal hits get the same verdict, as an object (`verdicts.memo`), so objects are looked up.
        """
        if len(self._judgements) > _MOST_KNOWN:
            self._judgements.clear()
            self._verdicts.clear()
            self._numbers.clear()
        known = self._judgements
        missing = {key: verdict for key, verdict in verdicts.items() if key not in known}
        if missing:
            self._learn(missing)
        return known

    def completed(self, judgement: Judgement) -> Judgement:
        """Return a judgement that was read, with what its reasons name."""
        found = self._completed.get(judgement)
        if found is None:
            self.load_apple()
            by_apple = not self._by_apple.isdisjoint(_decode_numbers(judgement.reasons))
            found = msgspec.structs.replace(judgement, by_apple=by_apple)
            if len(self._completed) > _MOST_KNOWN:
                self._completed.clear()
            self._completed[judgement] = found
        return found

    def _learn(self, verdicts: Mapping[int, Verdict]) -> None:
        reasons = {reason for verdict in verdicts.values() for reason in verdict.reasons}
        digests = {digest_of(reason): reason for reason in reasons if reason not in self._numbers}
        insert_new(
            "records_reason",
            ("digest", "signal", "weight", "text", "params"),
            (
                (digest, r.signal.value, r.weight, r.sentence.template, _params(r))
                for digest, r in digests.items()
            ),
        )
        for id_, digest in select_for_keys(_BY_DIGEST, ("d",), ((digest,) for digest in digests)):
            reason = digests[bytes(digest)]
            self._numbers[reason] = id_
            if reason.signal is SignalName.APPLE_PREFETCH:
                self._by_apple.add(id_)
        for key, verdict in verdicts.items():
            self._verdicts.append(verdict)
            self._judgements[key] = Judgement(
                verdict.actor,
                verdict.counts,
                verdict.score,
                verdict.certainty.value,
                _encode([self._numbers[reason] for reason in verdict.reasons]).decode(),
                any(reason.signal is SignalName.APPLE_PREFETCH for reason in verdict.reasons),
            )

    def load_apple(self) -> None:
        """Read once which reasons name Apple's fetching in advance: the roll-up asks for them."""
        if not self._apple_loaded:
            named = Reason.objects.filter(signal=SignalName.APPLE_PREFETCH)
            self._by_apple.update(named.values_list("pk", flat=True))
            self._apple_loaded = True


def digest_of(reason: VerdictReason) -> bytes:
    """Return what is unique to a reason."""
    said = (reason.signal, reason.weight, reason.sentence.template, reason.sentence.values)
    return blake2b(_encode(said), digest_size=_DIGEST).digest()


def _params(reason: VerdictReason) -> str:
    return _encode(dict(reason.sentence.values)).decode() if reason.sentence.values else ""


def spelled_out(stored: Iterable[Any]) -> dict[int, dict[str, Any]]:
    """Return reasons by number, as JSON objects: signal, weight, template (`text`) and its `values`.

    What is no number is left out.
    """
    ids = {(id_,) for id_ in stored if isinstance(id_, int)}
    return {
        id_: {"signal": signal, "weight": weight, "text": text, "values": _decode_params(params or "{}")}
        for id_, signal, weight, text, params in select_for_keys(_BY_ID, ("i",), ids)
    }
