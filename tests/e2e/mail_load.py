"""Mails without a break, which notes those that were acknowledged and nothing else."""

import itertools
import smtplib
import threading
import time
from types import TracebackType

from tests.e2e.server import Server

MAIL = """\
From: Ann <ann@example.org>\r
To: bob@example.net\r
Subject: load {n}\r
Message-ID: <{name}@load.example>\r
MIME-Version: 1.0\r
Content-Type: text/html; charset=utf-8\r
\r
<p>Number {n}: <a href="https://www.example.com/{n}">a link</a></p>\r
"""


class MailLoad:
    """Mails in the background until the block ends."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self.acknowledged: list[str] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._mail)

    def __enter__(self) -> "MailLoad":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _mail(self) -> None:
        for n in itertools.count():
            if self._done.is_set():
                return
            name = f"{self.name}-{n}"
            try:
                with smtplib.SMTP("127.0.0.1", self.server.gateway, timeout=20) as client:
                    client.sendmail("ann@example.org", ["bob@example.net"], MAIL.format(n=n, name=name))
                    self.acknowledged.append(name)
            except (smtplib.SMTPException, OSError):
                time.sleep(0.02)
            time.sleep(0.01)
