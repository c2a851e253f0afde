"""Steady load on a running server, which notes what was acknowledged and nothing else."""

import itertools
import smtplib
import threading
import time
from http.client import HTTPException
from types import TracebackType
from urllib.error import URLError
from urllib.request import Request, urlopen

from backstamp.tokens import seal_pixel
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


class Load:
    """Hits and mails in the background until the block ends."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self.acknowledged_hits: list[str] = []
        self.acknowledged_mails: list[str] = []
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._hit), threading.Thread(target=self._mail)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _hit(self) -> None:
        ring = self.server.keyring()
        for n in itertools.count():
            if self._done.is_set():
                return
            pixel = seal_pixel(ring, domain_id=0, tracking_id=n + 1)
            name = f"{self.name}-{n}"
            request = Request(f"{self.server.edge_url}/{pixel}", headers={"User-Agent": name})
            try:
                with urlopen(request, timeout=5) as reply:
                    reply.read()
                self.acknowledged_hits.append(name)
            except (URLError, HTTPException, OSError):
                time.sleep(0.02)
            time.sleep(0.002)

    def _mail(self) -> None:
        for n in itertools.count():
            if self._done.is_set():
                return
            name = f"{self.name}-{n}"
            try:
                with smtplib.SMTP("127.0.0.1", self.server.gateway, timeout=10) as client:
                    client.sendmail("ann@example.org", ["bob@example.net"], MAIL.format(n=n, name=name))
                    self.acknowledged_mails.append(name)
            except (smtplib.SMTPException, OSError):
                time.sleep(0.02)
            time.sleep(0.01)
