"""The decision at a click: kills, own lists, compiled lists, and of received mail the looks of a link.

Nobody is asked: all of it lies in memory or in mapped files. What was found out about a URL is remembered
until lists or policy change: a campaign has few URLs, which many follow.
"""

import logging
from time import time_ns
from typing import Final

import msgspec

from backstamp.edge.deciding.policy import MOST_PRIVATE, Guard, HitPolicy
from backstamp.policy import KILLED, LinkWord, decide_click, link_word
from backstamp.shared_files import ThreatFile
from backstamp.shared_files.answers_file import AnswersFile
from backstamp.threats import Finding, ThreatReason
from backstamp.threats.answers import Answers
from backstamp.threats.heuristics import SOURCE, Looks, is_suspicious, suspicions
from backstamp.threats.lists import ThreatLists
from backstamp.tokens import LinkToken
from backstamp.urls.parsing import WebUrl, host_is_within, web_url
from backstamp.vocabulary import ClickAction, ThreatType

_log = logging.getLogger("backstamp.edge")

DOUBTED: Final = Finding(ThreatType.SUSPICIOUS, ThreatReason.DOUBTED_ON_ARRIVAL, SOURCE)
ASKED_TOO_OFTEN: Final = Finding(ThreatType.SUSPICIOUS, ThreatReason.ASKED_TOO_OFTEN, "rate limit")
REMEMBERED: Final = 2048
"""URLs at most; none of more than `_LONGEST` characters: some 4 MB."""
_LONGEST: Final = 1024
_SOMETHING: Final = WebUrl("https://xn--bcher-kva.example/", "xn--bcher-kva.example")
"""Looked at before the first reader comes: reading the tables of letters and brands takes 0.2 s."""


class Judged(msgspec.Struct, frozen=True):
    """What happens to a link that is asked for, and all that speaks against it.

    `action` is ALLOW, WARN, BLOCK, or CHECK: somebody is finding out, ask again. `finding` is what decided,
    `findings` all that was found. With `checked` false nobody could say anything.
    """

    action: ClickAction
    finding: Finding | None = None
    findings: tuple[Finding, ...] = ()
    checked: bool = True

    @property
    def killed(self) -> bool:
        """Whether an administrator switched it off: that no reader may go round."""
        return self.finding is KILLED


UNCHECKED: Final = Judged(ClickAction.ALLOW, checked=False)
TOO_OFTEN: Final = Judged(ClickAction.WARN, ASKED_TOO_OFTEN, (ASKED_TOO_OFTEN,))
_KILLED: Final = Judged(ClickAction.BLOCK, KILLED, (KILLED,))


class _Known(msgspec.Struct, frozen=True):
    """What lists say of a URL, and what its looks give away."""

    word: LinkWord
    looks: tuple[Finding, ...]


class Clicks:
    """Judges links."""

    def __init__(self, lists: ThreatFile, answers: AnswersFile) -> None:
        self._list_file = lists
        self._answers_file = answers
        self._lists: ThreatLists | None = None
        self._answers = Answers()
        self._policy = MOST_PRIVATE
        self._known: dict[tuple[str, bytes, int, bool], _Known] = {}
        self._failing = False
        self._warm = False
        self.needed = False
        """Whether links of sent mail must be judged: somebody has something against URLs."""

    def refresh(self, policy: HitPolicy) -> None:
        """See whether lists and answers are new, and go by this policy."""
        lists, answers = self._list_file.current(), self._answers_file.current()
        if lists is not self._lists or answers is not self._answers or policy is not self._policy:
            self._lists, self._answers, self._policy = lists, answers, policy
            self.forget()
            named = lists is not None and bool(lists.sources)
            self.needed = named or bool(answers.dangerous) or policy.names_urls
            if not self._warm and policy.snapshot is not None and policy.snapshot.guards:
                self._warm = True
                _look(_SOMETHING, policy.own_domains)

    def forget(self) -> None:
        """Judge all URLs anew: answers hold for a time."""
        self._known = {}

    def judge(self, token: LinkToken, *, waited: bool = False) -> Judged:
        """Return what happens to a link; `waited` says that the reader waited for a check already.

        Never raises: what cannot be judged is not checked.
        """
        try:
            judged = self._judge(token, waited)
        except Exception as error:  # noqa: BLE001 (a link in a delivered mail must work whatever breaks here)
            if not self._failing:
                _log.error("links cannot be judged: %s; they are treated as unchecked", type(error).__name__)
            self._failing = True
            return UNCHECKED
        self._failing = False
        return judged

    def _judge(self, token: LinkToken, waited: bool) -> Judged:
        policy = self._policy
        if token.tracking_id in policy.with_kills and policy.is_killed(token):
            return _KILLED
        known = self._find_out(token)
        if known is None:
            return UNCHECKED
        word = known.word
        if not policy.kills.expressions.isdisjoint(word.digests):
            return _KILLED
        findings = word.findings
        guard = policy.guard_of(token)
        if token.protected:
            findings += _held_looks(token, known, guard)
        decision = decide_click(guard.protection, own=word.own, findings=findings, waited=waited)
        if decision.action is ClickAction.ALLOW and policy.snapshot is None:
            return UNCHECKED
        return Judged(decision.action, decision.finding, findings)

    def _find_out(self, token: LinkToken) -> _Known | None:
        key = (token.url, token.recipient_key, token.domain_id, token.protected)
        # Lists that come meanwhile, in another thread, begin another memory: what old ones say is none of it.
        memory = self._known
        known = memory.get(key)
        if known is not None:
            return known
        url = web_url(token.url)
        if url is None:
            return None
        policy = self._policy
        word = link_word(url, self._lists, policy.own_lists(token), self._answers, time_ns() // 1000)
        looks: tuple[Finding, ...] = ()
        if token.protected and word.looks_from is not None:
            looks = _look(word.looks_from, policy.own_domains)
        known = _Known(word, looks)
        if len(token.url) <= _LONGEST:
            if len(memory) >= REMEMBERED:
                memory.clear()
            memory[key] = known
        return known


def _look(url: WebUrl, own_domains: tuple[str, ...]) -> tuple[Finding, ...]:
    return suspicions(Looks(url=url, own_domains=own_domains))


def _held_looks(token: LinkToken, known: _Known, guard: Guard) -> tuple[Finding, ...]:
    """Return what the looks of a received link give away, where it is enough to warn.

    When the mail came more was known of it: the words before the link, the sender, whether the host was new.
    """
    start = known.word.looks_from
    if start is None or host_is_within(start.host, guard.protection.trusted_hosts):
        return ()
    if is_suspicious(known.looks):
        return known.looks
    return (DOUBTED, *known.looks) if token.doubtful else ()
