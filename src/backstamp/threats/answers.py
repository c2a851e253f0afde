"""answers: what publishers said when they were asked about one URL's hashes or one host, and for how long.

Lists of bare prefixes name clean URLs too: whether a URL below one is dangerous its publisher says when
asked. Lists in the DNS are nothing but answers. The worker asks; who looks up a URL completes what the lists
say by the answers.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from backstamp.threats.findings import Finding, ThreatReason
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import ThreatType

PREFIX_BYTES: Final = 4
"""Of a hash; what publishers are asked about."""


class Confirmed(msgspec.Struct, frozen=True, array_like=True):
    """That a whole hash is dangerous: what for, who says so, since when we know, and until when that
    holds."""

    threat_type: ThreatType
    source: str
    since_us: int
    until_us: int


class Answers(msgspec.Struct, frozen=True):
    """All answers that hold: which whole hashes are dangerous, and about which prefixes nothing else is to
    say.

    `prefixes` are those that were asked about, each with the time until which the answer holds (microseconds
    since 1970 UTC).
    """

    dangerous: dict[bytes, tuple[Confirmed, ...]] = {}
    prefixes: dict[bytes, int] = {}

    def complete(
        self, findings: Iterable[Finding], hashes: Iterable[tuple[str, bytes]], now_us: int
    ) -> tuple[Finding, ...]:
        """Return findings about a URL as far as the answers settle them.

        An unconfirmed one is dropped where its prefix was asked about; it stays where that is still to come.
        What is confirmed is added.

        Args:
            findings: what the lists say of the URL; the `detail` of an unconfirmed one is its expression.
            hashes: the URL's expressions with their full hashes (`urls.safe_browsing.full_hashes`).
            now_us: microseconds since 1970 UTC.
        """
        found = [
            finding
            for finding in findings
            if finding.confirmed or not self.is_resolved(full_hash(finding.detail), now_us)
        ]
        dangerous = self.dangerous
        for expression, whole in hashes:
            if whole in dangerous:
                found += _confirmed(expression, dangerous[whole], now_us)
        return tuple(sorted(found, key=lambda finding: not finding.confirmed))

    def is_resolved(self, whole: bytes, now_us: int) -> bool:
        """Whether the publishers have said what is dangerous below the prefix of a hash."""
        return self.prefixes.get(whole[:PREFIX_BYTES], 0) > now_us


def encode_answers(answers: Answers) -> bytes:
    """Return the bytes of a file."""
    return msgspec.msgpack.encode(answers)


def decode_answers(data: bytes) -> Answers:
    """Return the answers of a file. Raises ValueError."""
    try:
        return msgspec.msgpack.decode(data, type=Answers)
    except msgspec.DecodeError:
        raise ValueError("it holds no answers about threats") from None


def _confirmed(expression: str, said: Iterable[Confirmed], now_us: int) -> Iterator[Finding]:
    for confirmed in said:
        if confirmed.until_us > now_us:
            yield Finding(
                threat_type=confirmed.threat_type,
                reason=_reason(expression),
                source=confirmed.source,
                detail=expression,
                since_us=confirmed.since_us,
            )


def _reason(expression: str) -> ThreatReason:
    whole_host = expression.find("/") == len(expression) - 1
    return ThreatReason.LISTED_HOST if whole_host else ThreatReason.LISTED_URL
