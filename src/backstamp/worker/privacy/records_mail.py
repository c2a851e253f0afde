"""Mail recipients their own records, where they asked for them on their page."""

import asyncio
import logging
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Final

from backstamp.own_threads import in_own_thread
from backstamp.records.privacy.own_records import Asked, asked_for, done, lines
from backstamp.worker.config import OwnMailConfig
from backstamp.worker.onward import NotTakenError, hand_on, in_ascii
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.running import wait
from backstamp.worker.parts.troubles import described

log = logging.getLogger("backstamp.worker")

INTERVAL_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 60.0
_WORDS: Final = {
    "en": (
        "Your records",
        (
            "On your page it was asked that what is on record about you be mailed to you. Here it is. If "
            "it was not you who asked, somebody has a link from one of your mails; they did not see this."
        ),
    ),
    "de": (
        "Ihre Aufzeichnungen",
        (
            "Auf Ihrer Seite wurde gebeten, Ihnen zu schicken, was über Sie aufgezeichnet ist. Hier ist es. "
            "Wenn nicht Sie darum gebeten haben, hat jemand einen Link aus einer Ihrer Nachrichten; gesehen "
            "hat er dies nicht."
        ),
    ),
    "ko": (
        "내 기록",
        (
            "회원님의 페이지에서 기록을 메일로 보내 달라는 요청이 있어 보내 드립니다. 직접 요청하지 "
            "않으셨다면 누군가 회원님의 메일에 있던 링크를 가지고 있는 것이며, 그 사람은 이 내용을 "
            "보지 못했습니다."
        ),
    ),
}


class RecordsMail:
    """Looks for requests every few seconds, and hands the mails to the next hop."""

    def __init__(self, config: OwnMailConfig, database: Database) -> None:
        self._config = config
        self._database = database
        self._put_off = 0
        """The request that was not taken last: those behind it come first, lest it keep all waiting."""

    async def run(self, stop: asyncio.Event) -> None:
        """Mail what is asked for until `stop` is set. What the next hop does not take now is tried again."""
        pause = INTERVAL_SECONDS
        while not await wait(stop, pause):
            pause = INTERVAL_SECONDS
            waiting = await self._database.run(asked_for, datetime.now(UTC), self._put_off)
            for asked in waiting:
                if not await self._mail(asked):
                    self._put_off = asked.pk
                    pause = RETRY_SECONDS
                    break

    async def _mail(self, asked: Asked) -> bool:
        """Mail one, or never; return False where the next hop does not take it now."""
        told = await self._database.run(lambda: list(lines(asked.recipient_key, asked.address)))
        try:
            message = _made(self._config.sender, asked, told)
            # Answers by machines and bounces go nowhere: a null reverse path (RFC 3834 §3.3).
            await in_own_thread(hand_on, self._config.next_hop, "", in_ascii(asked.address), message)
        except NotTakenError as error:
            log.warning("a recipient's records are not mailed: %s", error)
            if not error.permanent:
                return False
        await self._database.run(done, asked.pk, datetime.now(UTC))
        return True


def _made(sender: str, asked: Asked, told: list[str]) -> bytes:
    """As `records_mail`, now. Raises `NotTakenError` where the library makes no mail of it.

    It reads encoded words in addresses, and takes more than CR and LF for line ends: a gateway takes such
    addresses, and whoever has one must keep nobody else waiting.
    """
    try:
        return records_mail(sender, asked, told, datetime.now(UTC))
    except Exception as error:
        raise NotTakenError(f"it could not be made ({described(error)})", permanent=True) from error


def records_mail(sender: str, asked: Asked, told: list[str], now: datetime) -> bytes:
    """Return the mail with a recipient's records, CR LF line ends."""
    subject, intro = _WORDS.get(asked.language, _WORDS["en"])
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = in_ascii(sender)
    message["To"] = in_ascii(asked.address)
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=in_ascii(sender).rpartition("@")[2])
    message["Auto-Submitted"] = "auto-replied"
    message.set_content("\n".join([intro, "", *told, ""]), charset="utf-8")
    return message.as_bytes()
