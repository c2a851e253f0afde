"""Answers for links that do not lead on without a look: the page, and what a reader may do there.

GET and HEAD never go round a page, whatever they carry, and report nothing: scanners and previews ask with
them. Only POST does, from our own page: it goes to the sealed token's own path, so it can lead nowhere else,
and what it finds is decided anew. Nothing is asked of the network.
"""

import asyncio
import logging
from time import time_ns
from typing import Final

from backstamp.edge.deciding.clicks import TOO_OFTEN, UNCHECKED, Clicks, Judged
from backstamp.edge.deciding.floods import Floods
from backstamp.edge.deciding.policy import MOST_PRIVATE, HitPolicy
from backstamp.edge.link_pages.asking import (
    BODY_LIMIT,
    WAIT_US,
    Asked,
    LinkAct,
    asked_for,
    sealed_wait,
    waiting_since,
)
from backstamp.edge.link_pages.languages import words_for
from backstamp.edge.link_pages.page import Shown, link_page, reported_page
from backstamp.edge.recording.recorder import HitRecorder
from backstamp.edge.replies.not_found import NOT_FOUND
from backstamp.edge.replies.prepared import NOT_ALLOWED, send_onward, send_redirect
from backstamp.edge.replies.protocol import BodyProtocol, ReplyProtocol
from backstamp.edge.requests.bodies import read_body
from backstamp.edge.requests.own_forms import is_from_own_page
from backstamp.edge.requests.scope import Scope
from backstamp.journal import JournalUnavailableError, JournalWriter, RecordTooLargeError
from backstamp.shared_files import Answer, Drop
from backstamp.tokens import Keyring, LinkToken
from backstamp.vocabulary import ClickAction, ReaderReport, ReaderReportKind

_log = logging.getLogger("backstamp.edge")

REPORTS_MOST: Final = 5
"""Of each kind, of one link, of late: more says nothing new."""
OVERRIDES_MOST: Final = 100
"""Of one link, of late: who gives a reason once more is not led on."""
SHORTEST_REASON: Final = 3
_PAGES: Final = {
    ClickAction.BLOCK: Answer.BLOCKED,
    ClickAction.WARN: Answer.WARNED,
    ClickAction.CHECK: Answer.CHECKING,
}


class LinkPages:
    """Leads on, shows the page before a link, and does what readers ask for there."""

    def __init__(
        self,
        clicks: Clicks,
        floods: Floods,
        recorder: HitRecorder,
        journal: JournalWriter,
        counts: list[int],
    ) -> None:
        """Take what the edge's worker has; `counts` are `EdgeCounters.counts`."""
        self.policy: HitPolicy = MOST_PRIVATE
        self._clicks = clicks
        self._floods = floods
        self._recorder = recorder
        self._journal = journal
        self._counts = counts

    def leads_on(self, token: LinkToken) -> bool:
        """Count a request for a link, and return whether it leads on without a look."""
        return not (
            self._floods.asked(token)
            or token.protected
            or self._clicks.needed
            or token.tracking_id in self.policy.with_kills
        )

    def show(self, ring: Keyring, token: LinkToken, scope: Scope, proto: ReplyProtocol) -> Answer:
        """Answer GET and HEAD."""
        if not token.url.isprintable():
            NOT_FOUND.send(proto)
            return Answer.NOT_FOUND
        now_us = time_ns() // 1000
        began_us = waiting_since(ring, scope.path, scope.query_string, now_us)
        waited = began_us is not None and now_us - began_us >= WAIT_US
        judged = self._judge(token, waited=waited)
        if judged.action is ClickAction.ALLOW and (judged.checked or not token.protected):
            self._recorder.link(scope, token, ClickAction.ALLOW if token.protected else None, judged.finding)
            send_redirect(proto, token.url)
            return Answer.REDIRECT
        if judged.action is not ClickAction.CHECK:
            return self._page(token, judged, scope, proto)
        if began_us is None:
            self._recorder.link(scope, token, ClickAction.CHECK, judged.finding)
        return self._wait(ring, token, judged, scope, proto, now_us if began_us is None else began_us)

    async def act(self, ring: Keyring, token: LinkToken, scope: Scope, proto: BodyProtocol) -> Answer:
        """Answer POST: go on, or report."""
        if not token.url.isprintable() or not is_from_own_page(scope, self.policy.own_hosts):
            NOT_ALLOWED.send(proto)
            return Answer.NOT_ALLOWED
        # What follows waits for the body, so it is done in the loop's own thread (`edge.serving.first_step`).
        await asyncio.sleep(0)
        body = await read_body(scope, proto, BODY_LIMIT)
        asked = None if body is None else asked_for(body)
        if asked is None:
            NOT_ALLOWED.send(proto)
            return Answer.NOT_ALLOWED
        if asked.act is LinkAct.GO_ON:
            return await self._go_on(ring, token, asked.text, scope, proto)
        return await self._report(token, asked, scope, proto)

    async def _go_on(
        self, ring: Keyring, token: LinkToken, reason: str, scope: Scope, proto: ReplyProtocol
    ) -> Answer:
        self._floods.asked(token)
        now_us = time_ns() // 1000
        began_us = waiting_since(ring, scope.path, scope.query_string, now_us)
        judged = self._judge(token, waited=began_us is not None and now_us - began_us >= WAIT_US)
        if judged.action is ClickAction.CHECK:
            self._recorder.link(scope, token, ClickAction.CHECK, judged.finding)
            return self._wait(ring, token, judged, scope, proto, now_us)
        if judged.action is ClickAction.BLOCK:
            words, shown = words_for(scope), self._shown(token, judged)
            if not shown.may_override:
                return self._page(token, judged, scope, proto)
            if len(reason) < SHORTEST_REASON:
                return self._page(token, judged, scope, proto, said=words.reason_missing)
            too_many = self._floods.exceeds(OVERRIDES_MOST, token, ReaderReportKind.OVERRIDE)
            if too_many or not await self._note(token, ReaderReportKind.OVERRIDE, reason):
                return self._page(token, judged, scope, proto, said=words.not_now)
        if judged.action is ClickAction.ALLOW and judged.checked:
            # It was warned of a moment ago: whoever pressed the button then is led on as by the link itself.
            self._recorder.link(scope, token, ClickAction.ALLOW if token.protected else None)
        else:
            self._recorder.link(scope, token, ClickAction.GO_ON, judged.finding)
        send_onward(proto, token.url)
        return Answer.ONWARD

    async def _report(self, token: LinkToken, asked: Asked, scope: Scope, proto: ReplyProtocol) -> Answer:
        words, kind = words_for(scope), asked.act.report
        noted = True
        if self._floods.exceeds(REPORTS_MOST, token, kind):
            self._counts[Drop.REPORT_LIMIT] += 1
        else:
            noted = await self._note(token, kind, asked.text)
        said = words.reported[kind] if noted else words.not_now
        reported_page(words, self._shown(token, UNCHECKED), said, noted=noted).send(proto)
        return Answer.REPORTED

    async def _note(self, token: LinkToken, kind: ReaderReportKind, text: str) -> bool:
        """Write what a reader said; return whether it is on the disk."""
        report = ReaderReport(
            at_us=time_ns() // 1000,
            kind=kind,
            tracking_id=token.tracking_id,
            link_number=token.link_number,
            url=token.url,
            recipient_index=token.recipient_index,
            domain_id=token.domain_id,
            text=text,
        )
        try:
            await asyncio.to_thread(self._journal.append_synced, report)
        except (JournalUnavailableError, RecordTooLargeError) as error:
            _log.error("what a reader says of a link cannot be noted: %s", error)
            return False
        return True

    def _judge(self, token: LinkToken, *, waited: bool = False) -> Judged:
        judged = self._clicks.judge(token, waited=waited)
        if judged.action is ClickAction.ALLOW and self._floods.is_asked_too_often(token):
            return TOO_OFTEN
        return judged

    def _page(
        self, token: LinkToken, judged: Judged, scope: Scope, proto: ReplyProtocol, *, said: str = ""
    ) -> Answer:
        """Show why a link does not lead on; a protected one that was not checked is one to be warned of."""
        action = judged.action if judged.checked else ClickAction.WARN
        self._recorder.link(scope, token, action, judged.finding)
        link_page(words_for(scope), self._shown(token, judged, said=said)).send(proto)
        if judged is TOO_OFTEN:
            return Answer.LIMITED
        return _PAGES[action] if judged.checked else Answer.UNCHECKED

    def _wait(
        self,
        ring: Keyring,
        token: LinkToken,
        judged: Judged,
        scope: Scope,
        proto: ReplyProtocol,
        began_us: int,
    ) -> Answer:
        """Let the reader wait; their browser asks again, and says since when it has waited."""
        refresh = sealed_wait(ring, scope.path, began_us)
        link_page(words_for(scope), self._shown(token, judged, refresh=refresh)).send(proto)
        return Answer.CHECKING

    def _shown(self, token: LinkToken, judged: Judged, *, refresh: str = "", said: str = "") -> Shown:
        policy = self.policy
        return Shown(
            token=token,
            judged=judged,
            guard=policy.guard_of(token),
            own_domains=policy.own_domains,
            refresh=refresh,
            said=said,
        )
