"""The answers of publishers: kept for as long as they hold, published, and told of where they are news."""

import asyncio
import logging
import time
from collections.abc import Callable, Hashable, Iterable
from typing import Final, TypeVar

from backstamp.shared_files.answers_file import AnswersFile, publish_answers
from backstamp.threats.answers import PREFIX_BYTES, Answers, Confirmed
from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds.config import FeedsConfig
from backstamp.worker.feeds.formats.differences import MOST_SECONDS
from backstamp.worker.feeds.keeping.new_entries import Spool
from backstamp.worker.feeds.keeping.standing import today
from backstamp.worker.feeds.questions.first_seen import FirstSeen

log = logging.getLogger("backstamp.worker")

MOST_ANSWERS: Final = 50_000
"""Kept at once, of each kind; those that would end first go first."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_News = dict[tuple[str, ThreatType], list[bytes]]


def forget_switched_off(config: FeedsConfig) -> None:
    """Take back what lists have answered that are not on any more: it would hold for up to a day.

    Call it before there is an `AnswerBook`.
    """
    names = {source.name for source in config.sources} | {each.name for each in config.dns_lists}
    known = AnswersFile(config.answers_path).current()
    kept = {
        whole: answers
        for whole, said in known.dangerous.items()
        if (answers := tuple(each for each in said if each.source in names))
    }
    if kept != known.dangerous:
        try:
            publish_answers(config.answers_path, Answers(kept, known.prefixes))
        except OSError as error:
            log.warning("what lists have answered that are off cannot be taken back: %s", error.strerror)


class AnswerBook:
    """All answers that are known; those of an earlier worker are read where they were published."""

    def __init__(self, config: FeedsConfig) -> None:
        self._path = config.answers_path
        self._spool = Spool(config.directory)
        self._first_seen = FirstSeen(config.directory / "first-seen")
        known = AnswersFile(self._path).current()
        self._dangerous = dict(known.dangerous)
        self._prefixes = dict(known.prefixes)
        self._news: _News = {}
        self._publishing = asyncio.Lock()
        self._dirty = False

    @property
    def answers(self) -> Answers:
        """All answers, as they are published."""
        return Answers(dict(self._dangerous), dict(self._prefixes))

    def unresolved(self, prefixes: Iterable[bytes]) -> list[bytes]:
        """Return the prefixes of `PREFIX_BYTES`, each once, about which there is no answer that holds."""
        now_us = time.time() * 1e6
        wanted = {prefix[:PREFIX_BYTES] for prefix in prefixes}
        return [prefix for prefix in sorted(wanted) if self._prefixes.get(prefix, 0) <= now_us]

    def resolved(self, prefix: bytes, until: float) -> None:
        """Note that all is known that is dangerous below a prefix, until then (seconds since 1970 UTC)."""
        self._prefixes[prefix] = int(until * 1e6)
        self._dirty = True

    def dangerous(self, whole: bytes, threat_type: ThreatType, source: str, seconds: float) -> None:
        """Note that a whole hash is dangerous, for so long, and who says so."""
        now_us = time.time_ns() // 1000
        since_us, is_new = self._first_seen.note(whole, source, threat_type, now_us)
        if is_new:
            self._news.setdefault((source, threat_type), []).append(whole)
        others = tuple(
            each
            for each in self._dangerous.get(whole, ())
            if (each.source, each.threat_type) != (source, threat_type)
        )
        until_us = now_us + int(seconds * 1e6)
        self._dangerous[whole] = (*others, Confirmed(threat_type, source, since_us, until_us))
        self._dirty = True

    def prune(self) -> None:
        """Forget what does not hold any more, and what there is no room for."""
        now_us = time.time() * 1e6
        # What holds for longer than any answer may was said before the clock was set back.
        last_us = now_us + MOST_SECONDS * 1e6
        dangerous = {
            whole: kept
            for whole, answers in self._dangerous.items()
            if (kept := tuple(each for each in answers if now_us < each.until_us <= last_us))
        }
        prefixes = {prefix: until for prefix, until in self._prefixes.items() if now_us < until <= last_us}
        self._dirty = self._dirty or len(prefixes) != len(self._prefixes) or dangerous != self._dangerous
        self._dangerous = longest(dangerous, lambda answers: max(each.until_us for each in answers))
        self._prefixes = longest(prefixes, float)

    async def publish(self) -> None:
        """Write down what has changed, once for all who wait for it.

        Raises:
            OSError: it cannot be written; it is tried again the next time.
        """
        async with self._publishing:
            if not self._dirty:
                return
            self._dirty = False
            news, self._news = self._news, {}
            seen = self._first_seen.to_write(time.time_ns() // 1000)
            try:
                await asyncio.to_thread(self._write, self.answers, news, seen)
            except OSError:
                self._dirty = True
                for key, hashes in news.items():
                    self._news.setdefault(key, []).extend(hashes)
                raise

    def _write(self, answers: Answers, news: _News, seen: bytes | None) -> None:
        publish_answers(self._path, answers)
        for (source, threat_type), hashes in news.items():
            self._spool.add_hashes(source, threat_type, today(), hashes)
        if seen is not None:
            self._first_seen.write(seen)


def longest(answers: dict[K, V], until: Callable[[V], float]) -> dict[K, V]:
    """Return at most `MOST_ANSWERS` of them: those that hold longest."""
    if len(answers) <= MOST_ANSWERS:
        return answers
    kept = sorted(answers, key=lambda key: until(answers[key]), reverse=True)[:MOST_ANSWERS]
    return {key: answers[key] for key in kept}
