"""`backstamp bench threats`: lists compiled, opened and looked up, beside SQLite and a set in memory."""

import gc
import os
import random
import sqlite3
import statistics
import tempfile
import time
import weakref
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

from backstamp.shared_files import ThreatFile, publish_lists
from backstamp.threats.lists import Source, SourceEntries
from backstamp.urls.safe_browsing import expressions, full_hash, full_hashes, url_expression
from backstamp.vocabulary import ThreatType

_URLS: Final = 1_000_000
_PREFIXES: Final = 10_000_000
_QUICK: Final = 20
"""`--quick` makes so many times fewer."""
_LISTS: Final = 10
"""The URLs are spread over so many lists."""
_LOOK_UPS: Final = 20_000
_NOW_US: Final = 20_000 * 86_400_000_000
_LINE: Final = "{:<26}{:>10}{:>10}{:>13}{:>13}{:>13}"
_WORDS: Final = ("shop", "news", "mail", "login", "bank", "post", "cloud", "photo", "music", "travel")

_Measured = tuple[float, float, int, Callable[[str], object]]
"""Seconds to compile, milliseconds to open, bytes, and how a URL is looked up."""


def run(out: TextIO, quick: bool) -> None:
    """Print what compiling, opening and looking up cost, and how many bytes an entry takes."""
    chance = random.Random(1)  # noqa: S311 (made-up URLs)
    fewer = _QUICK if quick else 1
    urls = [f"https://{_word(chance)}.{_word(chance)}.example/{number}" for number in range(_URLS // fewer)]
    prefixes = _sorted_prefixes(chance, _PREFIXES // fewer)
    print(f"{len(urls):,} URLs in {_LISTS} lists, {len(prefixes):,} prefixes of 4 bytes:", file=out)
    header = ("compile s", "open ms", "typical us", "30 expr. us", "bytes/entry")
    print(_LINE.format("", *header), file=out)
    print(_LINE.format("bound", 60, 50, 15, 50, 12), file=out)
    typical = [_typical(chance) for _ in range(_LOOK_UPS // fewer)]
    many = [_with_many_expressions(chance) for _ in range(_LOOK_UPS // fewer)]
    entries = len(urls) + len(prefixes)
    with tempfile.TemporaryDirectory(prefix="backstamp-bench-") as scratch:
        for name, peer in (("Backstamp", _ours), ("SQLite, mapped", _sqlite), ("set and dict", _set)):
            gc.collect()
            compile_s, open_ms, size, look_up = peer(Path(scratch), urls, prefixes)
            times = (_microseconds(look_up, asked) for asked in (typical, many))
            figures = (f"{compile_s:.1f}", f"{open_ms:.1f}", *(f"{taken:.1f}" for taken in times))
            print(_LINE.format(name, *figures, f"{size / entries:.1f}"), file=out)
            del look_up
    mean = statistics.mean(len(expressions(url)) for url in typical)
    print(
        f"From the URL to what the lists say, of the processor's time; typical: {mean:.1f} expressions.",
        file=out,
    )


def _ours(scratch: Path, urls: Sequence[str], prefixes: "array[int]") -> _Measured:
    began = time.perf_counter()
    packed = array("I", prefixes)
    packed.byteswap()
    lists = [
        SourceEntries(
            Source(f"list {number}", ThreatType.MALWARE), _hashes(islice(urls, number, None, _LISTS))
        )
        for number in range(_LISTS)
    ]
    bare = Source("prefixes", ThreatType.PHISHING, prefix_bytes=4, bare=True)
    path = scratch / "threats.lists"
    publish_lists(path, [*lists, SourceEntries(bare, packed.tobytes())], now_us=_NOW_US)
    compiled = time.perf_counter()
    opened = ThreatFile(path).current()
    open_ms = (time.perf_counter() - compiled) * 1e3
    assert opened is not None
    return compiled - began, open_ms, path.stat().st_size, opened.look_up


def _sqlite(scratch: Path, urls: Sequence[str], prefixes: "array[int]") -> _Measured:
    began = time.perf_counter()
    path = scratch / "peer.sqlite"
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    database.execute("CREATE TABLE whole (key INTEGER PRIMARY KEY, list INTEGER, day INTEGER)")
    database.execute("CREATE TABLE bare (key INTEGER PRIMARY KEY)")
    keys = sorted(int.from_bytes(hash_[:8], "big", signed=True) for hash_ in _hashes(iter(urls)))
    database.executemany("INSERT INTO whole VALUES (?, ?, 20000)", ((key, key % _LISTS) for key in keys))
    database.executemany("INSERT OR IGNORE INTO bare VALUES (?)", ((key,) for key in prefixes))
    database.commit()
    database.close()
    compiled = time.perf_counter()
    database = sqlite3.connect(path)
    database.execute("PRAGMA mmap_size = 2147483648")
    database.execute("SELECT key FROM whole LIMIT 1").fetchone()
    open_ms = (time.perf_counter() - compiled) * 1e3

    def look_up(url: str) -> object:
        hashes = [hash_ for _, hash_ in full_hashes(url)]
        among = f"WHERE key IN ({','.join('?' * len(hashes))})"  # marks only
        whole = [int.from_bytes(hash_[:8], "big", signed=True) for hash_ in hashes]
        bare = [int.from_bytes(hash_[:4], "big") for hash_ in hashes]
        return (
            database.execute(f"SELECT * FROM whole {among}", whole).fetchall(),  # noqa: S608 - ours
            database.execute(f"SELECT * FROM bare {among}", bare).fetchall(),  # noqa: S608 - ours
        )

    weakref.finalize(look_up, database.close)
    return compiled - began, open_ms, path.stat().st_size, look_up


def _set(_scratch: Path, urls: Sequence[str], prefixes: "array[int]") -> _Measured:
    """Measure what each process would hold for itself: opening is reading it all again."""
    before = _resident()
    began = time.perf_counter()
    whole = {hash_[:8]: number % _LISTS for number, hash_ in enumerate(_hashes(iter(urls)))}
    bare = set(prefixes)
    compiled = time.perf_counter() - began

    def look_up(url: str) -> object:
        hashes = full_hashes(url)
        return [
            (expression, whole.get(hash_[:8]))
            for expression, hash_ in hashes
            if hash_[:8] in whole or int.from_bytes(hash_[:4], "big") in bare
        ]

    return compiled, compiled * 1e3, _resident() - before, look_up


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _hashes(urls: Iterator[str]) -> Iterator[bytes]:
    for url in urls:
        expression = url_expression(url)
        if expression is not None:
            yield full_hash(expression)


def _microseconds(look_up: Callable[[str], object], urls: Sequence[str]) -> float:
    """Return the median over rounds of what one look-up takes of the processor, which others may use too."""
    rounds: list[float] = []
    for _ in range(5):
        began = time.process_time()
        for url in urls:
            look_up(url)
        rounds.append((time.process_time() - began) / len(urls) * 1e6)
    return statistics.median(rounds)


def _sorted_prefixes(chance: random.Random, count: int) -> "array[int]":
    """Return numbers of 32 bits, sorted; by their first byte, so that no list of them all is made."""
    return array(
        "I",
        (
            first << 24 | rest
            for first in range(256)
            for rest in sorted(chance.getrandbits(24) for _ in range(count // 256))
        ),
    )


def _word(chance: random.Random) -> str:
    return f"{chance.choice(_WORDS)}{chance.randrange(10_000)}"


def _typical(chance: random.Random) -> str:
    query = chance.choice(("", "?id={}", "?utm_source=mail&utm_campaign=c%20{}&id=7", "?u={}&t=a%2Fb"))
    path = chance.choice(("", "p{}", "news/{}", "news/2026/{}.html", "a/b/c/{}"))
    host = chance.choice(("www.{}.example", "{}.example", "mail.news.{}.example"))
    number = chance.randrange(10**6)
    return f"https://{host.format(_word(chance))}/{path.format(number)}{query.format(number)}"


def _with_many_expressions(chance: random.Random) -> str:
    return f"https://a.b.c.d.e.{_word(chance)}.example/1/2/3/4/{_word(chance)}?id={chance.randrange(10**6)}"
