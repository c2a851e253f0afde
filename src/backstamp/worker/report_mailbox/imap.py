"""Reports from an IMAP mailbox (RFC 9051): unseen mails are taken one by one, and marked as seen then.

For those whose bounces come to a mailbox at a provider. Nothing is deleted: a mail that was not taken for
now stays unseen, and one that is no report, or too large, is only marked.
"""

import asyncio
import imaplib
import logging
import re
import ssl
from contextlib import suppress
from typing import Final
from urllib.parse import unquote, urlsplit

from backstamp.own_threads import in_own_thread
from backstamp.worker.config import ImapConfig
from backstamp.worker.parts.running import wait
from backstamp.worker.parts.troubles import described
from backstamp.worker.report_mailbox.mailbox import AGAIN, ReportMailbox

log = logging.getLogger("backstamp.worker")

TIMEOUT_SECONDS: Final = 60.0
MOST_AT_ONCE: Final = 200
"""Mails of one look; the rest is taken at the next, which follows at once."""
_LINE_END: Final = re.compile(rb"\r?\n|\r")
_RECIPIENT: Final = re.compile(
    rb"(?:delivered-to|x-original-to|envelope-to):[ \t]*<?([^\s<>]{1,320})>?", re.IGNORECASE
)


class ImapMailbox:
    """Looks at a mailbox every so often, and gives what it finds to the report mailbox."""

    def __init__(self, config: ImapConfig, mailbox: ReportMailbox) -> None:
        self._config = config
        self._mailbox = mailbox
        self._too_large = 0
        self._not_taken: set[str] = set()

    def number_too_large(self) -> int:
        """Return how many mails were too large to be read, since this was made."""
        return self._too_large

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set. A server that is away is told of, and asked again."""
        while not stop.is_set():
            more = False
            try:
                more = await self.look(stop)
            except (imaplib.IMAP4.error, OSError) as error:
                log.warning("the mailbox of reports.imap cannot be looked at: %s", described(error))
            if not more and await wait(stop, self._config.seconds):
                return

    async def look(self, stop: asyncio.Event) -> bool:
        """Take what is unseen; return whether there is more, and it is worth another look at once.

        What was not taken before comes last: mails that never can be must not keep all others waiting.

        Raises `imaplib.IMAP4.error`, `OSError`.
        """
        session = await in_own_thread(_open, self._config)
        try:
            uids = await in_own_thread(_unseen, session)
            self._not_taken.intersection_update(uids)
            uids.sort(key=self._not_taken.__contains__)
            done = 0
            for uid in uids[:MOST_AT_ONCE]:
                if stop.is_set():
                    return False
                mail = await in_own_thread(_fetch, session, uid, self._mailbox.max_bytes)
                if mail is not None and await self._take(mail):
                    await in_own_thread(_mark, session, uid)
                    done += 1
                else:
                    self._not_taken.add(uid)
            return done > 0 and len(uids) > MOST_AT_ONCE
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                await in_own_thread(session.logout)

    async def _take(self, mail: bytes) -> bool:
        """Return whether a mail is done with."""
        if len(mail) > self._mailbox.max_bytes:
            self._too_large += 1
            log.warning(
                "a mail in the mailbox of reports.imap is larger than gateway.max_size (%d octets): it is "
                "not read, only marked as seen; %d such mails since the start",
                self._mailbox.max_bytes,
                self._too_large,
            )
            return True
        mail = _LINE_END.sub(b"\r\n", mail)
        reply = await self._mailbox.deliver(mail, "", _recipient_of(mail))
        if not reply.startswith("2"):
            log.info("a mail in the mailbox of reports.imap was not taken: %s", reply[:9])
        return reply != AGAIN


def _recipient_of(mail: bytes) -> str:
    """Return the address to which it was delivered, as far as the mail says; our seal proves itself."""
    header = re.split(rb"\r?\n\r?\n", mail, maxsplit=1)[0]
    for line in _LINE_END.split(header[:262_144]):
        if match := _RECIPIENT.match(line):
            return match[1].decode("utf-8", "replace")
    return ""


def _open(config: ImapConfig) -> imaplib.IMAP4:
    parts = urlsplit(config.address)
    host = parts.hostname or ""
    if parts.scheme == "imaps":
        context = ssl.create_default_context(cafile=config.ca)
        session: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            host, parts.port or 993, ssl_context=context, timeout=TIMEOUT_SECONDS
        )
    else:
        session = imaplib.IMAP4(host, parts.port or 143, timeout=TIMEOUT_SECONDS)
    try:
        session.login(unquote(parts.username or ""), config.password)
        _select(session, unquote(parts.path.strip("/")) or "INBOX")
    except BaseException:
        with suppress(imaplib.IMAP4.error, OSError):
            session.logout()
        raise
    return session


def _select(session: imaplib.IMAP4, folder: str) -> None:
    quoted = folder.replace("\\", "\\\\").replace('"', '\\"')
    if session.select(f'"{quoted}"')[0] != "OK":
        raise imaplib.IMAP4.error("no such folder")


def _unseen(session: imaplib.IMAP4) -> list[str]:
    status, found = session.uid("SEARCH", "UNSEEN")
    if status != "OK":
        raise imaplib.IMAP4.error("it does not search")
    return [uid.decode("ascii") for uid in (found[0] or b"").split()]


def _fetch(session: imaplib.IMAP4, uid: str, most: int) -> bytes | None:
    """Return a mail, of a larger one the first `most` + 1 octets; None where it cannot be had."""
    status, found = session.uid("FETCH", uid, f"(BODY.PEEK[]<0.{most + 1}>)")
    for item in found if status == "OK" else ():
        if isinstance(item, tuple):
            return bytes(item[1])
    return None


def _mark(session: imaplib.IMAP4, uid: str) -> None:
    session.uid("STORE", uid, "+FLAGS.SILENT", "(\\Seen)")
