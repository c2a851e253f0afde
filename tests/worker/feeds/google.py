"""Google's two services on this machine: lists of prefixes that change, and whole hashes below them."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from backstamp.worker.feeds.lists.source import Source
from backstamp.worker.feeds.offers import OFFERS
from tests.worker.feeds.feed_server import FeedServer, Query


def offered(name: str, server: FeedServer, key: str = "k3y") -> Source:
    """Return what is offered by this name, had from a server of ours."""
    (offer,) = (each for each in OFFERS if each.source.name == name)
    return msgspec.structs.replace(offer.source, address=server.url(""), key=key)


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def rice(numbers: Iterable[int], parameter: int = 5) -> bytes:
    """Encode sorted numbers as a `RiceDeltaEncoded32Bit`, bit by bit as its description says."""
    first, *rest = sorted(numbers)
    bits: list[int] = []
    before = first
    for number in rest:
        delta, before = number - before, number
        bits += [1] * (delta >> parameter) + [0]
        bits += [delta >> place & 1 for place in range(parameter)]
    data = bytearray(-(-len(bits) // 8))
    for place, bit in enumerate(bits):
        data[place // 8] |= bit << place % 8
    return field(1, first) + field(2, parameter) + field(3, len(rest)) + field(4, bytes(data))


def text(query: Query, name: str) -> list[bytes]:
    return [base64.urlsafe_b64decode(each) for each in query.get(name, [])]


class SafeBrowsing:
    """`lists` are the prefixes of each list by version; the last version is the newest."""

    def __init__(self, names: Iterable[str]) -> None:
        self.lists: dict[str, list[set[int]]] = {name: [set()] for name in names}
        self.wait_seconds = 1800
        self.full: dict[bytes, list[tuple[int, list[int]]]] = {}
        self.cache_seconds = 300
        self.wrong_checksum = False

    def batch_get(self, query: Query) -> bytes:
        assert query["alt"] == ["proto"]
        have = dict(version.decode().rsplit("@", 1) for version in text(query, "version"))
        return b"".join(field(1, self._list(name, have.get(name))) for name in query["names"])

    def _list(self, name: str, have: str | None) -> bytes:
        versions = self.lists[name]
        newest = sorted(versions[-1])
        out = field(1, name.encode()) + field(2, f"{name}@{len(versions) - 1}".encode())
        additions: Iterable[int] = newest
        if have is not None:
            old = sorted(versions[int(have)])
            out += field(3, 1)
            if removals := [place for place, prefix in enumerate(old) if prefix not in versions[-1]]:
                out += field(5, rice(removals))
            additions = sorted(versions[-1] - set(old))
        if additions:
            out += field(4, rice(additions, 28))
        if have == str(len(versions) - 1):
            # Where there is nothing new the service has no checksum either: the old one holds.
            return out + field(6, field(1, self.wait_seconds))
        joined = b"".join(prefix.to_bytes(4, "big") for prefix in newest)
        checksum = b"0" * 32 if self.wrong_checksum else hashlib.sha256(joined).digest()
        return out + field(6, field(1, self.wait_seconds)) + field(7, checksum)

    def search(self, query: Query) -> bytes:
        prefixes = text(query, "hashPrefixes")
        assert all(len(prefix) == 4 for prefix in prefixes)
        out = b""
        for whole, details in self.full.items():
            if whole[:4] in prefixes:
                found = b"".join(
                    field(2, field(1, threat) + (field(2, bytes(attributes)) if attributes else b""))
                    for threat, attributes in details
                )
                out += field(1, field(1, whole) + found)
        return out + field(2, field(1, self.cache_seconds))


class WebRisk:
    """The same in the words of Web Risk: `lists` are prefixes of any length."""

    def __init__(self, names: Iterable[str]) -> None:
        self.lists: dict[str, list[set[bytes]]] = {name: [set()] for name in names}
        self.full: dict[bytes, list[str]] = {}
        self.expires = timedelta(seconds=300)
        self.clean_expires = timedelta(seconds=300)

    def compute_diff(self, query: Query) -> bytes:
        (name,) = query["threatType"]
        assert query["constraints.supportedCompressions"] == ["RAW"]
        versions = self.lists[name]
        newest = sorted(versions[-1])
        answer: dict[str, object] = {
            "responseType": "RESET",
            "newVersionToken": base64.b64encode(str(len(versions) - 1).encode()).decode(),
            "checksum": {"sha256": base64.b64encode(hashlib.sha256(b"".join(newest)).digest()).decode()},
            "recommendedNextDiff": (datetime.now(UTC) + timedelta(hours=2)).isoformat(),
        }
        additions = newest
        if token := text(query, "versionToken"):
            old = sorted(versions[int(token[0])])
            answer["responseType"] = "DIFF"
            removed = [place for place, prefix in enumerate(old) if prefix not in versions[-1]]
            if removed:
                answer["removals"] = {"rawIndices": {"indices": removed}}
            additions = sorted(versions[-1] - set(old))
        if additions:
            answer["additions"] = {"rawHashes": list(self._raw(additions))}
        return json.dumps(answer).encode()

    def _raw(self, prefixes: list[bytes]) -> Iterable[Mapping[str, object]]:
        for length in sorted({len(prefix) for prefix in prefixes}):
            joined = b"".join(prefix for prefix in prefixes if len(prefix) == length)
            yield {"prefixSize": length, "rawHashes": base64.b64encode(joined).decode()}

    def search(self, query: Query) -> bytes:
        (prefix,) = text(query, "hashPrefix")
        assert len(prefix) == 4
        until, clean_until = (
            (datetime.now(UTC) + span).isoformat().replace("+00:00", "Z")
            for span in (self.expires, self.clean_expires)
        )
        threats = [
            {"threatTypes": types, "hash": base64.b64encode(whole).decode(), "expireTime": until}
            for whole, types in self.full.items()
            if whole.startswith(prefix)
        ]
        return json.dumps({"threats": threats, "negativeExpireTime": clean_until}).encode()
