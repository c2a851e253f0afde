"""Answer for recipients' own pages: GET shows, POST notes a wish in the journal and says so.

Nothing else is needed than key ring and journal: it works while the database is away. Without a policy
the page is shown as for somebody who never asked for anything.
"""

import asyncio
import logging
from time import time_ns
from typing import Final

from backstamp.edge.deciding.floods import Floods
from backstamp.edge.own_page.asking import BODY_LIMIT, act_of
from backstamp.edge.own_page.page import filled, own_page, standing
from backstamp.edge.own_page.words import WORDS, Words
from backstamp.edge.replies.not_found import NOT_FOUND
from backstamp.edge.replies.prepared import NOT_ALLOWED
from backstamp.edge.replies.protocol import BodyProtocol, ReplyProtocol
from backstamp.edge.requests.bodies import read_body
from backstamp.edge.requests.languages import language_of
from backstamp.edge.requests.scope import Scope
from backstamp.journal import JournalUnavailableError, JournalWriter, RecordTooLargeError
from backstamp.policy import Snapshot
from backstamp.shared_files import Answer, Drop
from backstamp.tokens import PAGE_PATH, Keyring, PageToken, open_page
from backstamp.vocabulary import Wish, WishAct

_log = logging.getLogger("backstamp.edge")

PAGE_START: Final = f"/{PAGE_PATH}"
WISHES_MOST: Final = 20
"""Of each kind, of one recipient and sender, of late. Each is on the disk before it is answered, goes ahead
of all hits, and costs the worker some statements."""


class OwnPages:
    """Shows recipients' pages and takes what they wish."""

    def __init__(self, journal: JournalWriter, floods: Floods, counts: list[int]) -> None:
        """Keep where wishes are written, and how many came; `counts` are `EdgeCounters.counts`."""
        self._journal = journal
        self._floods = floods
        self._counts = counts

    def show(self, ring: Keyring, snapshot: Snapshot | None, scope: Scope, proto: ReplyProtocol) -> Answer:
        """Answer GET and HEAD; nothing is changed, whoever looks."""
        token = _token(ring, scope)
        if token is None:
            NOT_FOUND.send(proto)
            return Answer.NOT_FOUND
        own_page(_words(scope), token, standing(snapshot, token), snapshot).send(proto)
        return Answer.PAGE

    async def act(
        self, ring: Keyring, snapshot: Snapshot | None, scope: Scope, proto: BodyProtocol
    ) -> Answer:
        """Answer POST: what the body asks for is on the disk before the answer says that it is done."""
        token = _token(ring, scope)
        if token is None:
            NOT_ALLOWED.send(proto)
            return Answer.NOT_ALLOWED
        words, so = _words(scope), standing(snapshot, token)
        # What follows waits for the body, so it is done in the loop's own thread (`edge.serving.first_step`).
        await asyncio.sleep(0)
        body = await read_body(scope, proto, BODY_LIMIT)
        asked = None if body is None else act_of(body)
        if asked is None:
            own_page(words, token, so, snapshot, status=400, said=words.not_understood).send(proto)
            return Answer.PAGE
        act, one_click = asked
        if self._floods.exceeds(WISHES_MOST, token.recipient_key, token.sender_domain, act):
            self._counts[Drop.WISH_LIMIT] += 1
            own_page(words, token, so, snapshot, status=429, said=words.not_now).send(proto)
            return Answer.PAGE
        try:
            await asyncio.to_thread(self._journal.append_synced, _wish(token, act, words, one_click))
        except (JournalUnavailableError, RecordTooLargeError) as error:
            _log.error("a recipient's wish cannot be noted: %s", error)
            own_page(words, token, so, snapshot, status=503, said=words.not_now).send(proto)
            return Answer.PAGE
        own_page(words, token, so.after(act), snapshot, said=words.done[act]).send(proto)
        return Answer.PAGE


def _token(ring: Keyring, scope: Scope) -> PageToken | None:
    return open_page(ring, scope.path.removeprefix(PAGE_START))


def _words(scope: Scope) -> Words:
    return WORDS[language_of(scope.headers.get("accept-language"))]


def _wish(token: PageToken, act: WishAct, words: Words, one_click: bool) -> Wish:
    return Wish(
        at_us=time_ns() // 1000,
        act=act,
        tracking_id=token.tracking_id,
        recipient_index=token.recipient_index,
        recipient_key=token.recipient_key,
        domain_id=token.domain_id,
        sender_domain=token.sender_domain,
        shown="" if one_click else " / ".join(filled(text, words, token) for text in words.buttons[act]),
        language=words.language,
    )
