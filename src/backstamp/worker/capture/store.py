"""Captured mails: a file each, a row each, and a cap on their size together."""

import logging
import os
import secrets
import threading
from pathlib import Path
from typing import Final

from django.db.models import Sum

from backstamp.mail.facts import message_facts
from backstamp.records.database.texts import storable
from backstamp.records.models import LONGEST_ADDRESS, CapturedMail

log = logging.getLogger("backstamp.worker")

_SUFFIX: Final = ".eml"
_UNFINISHED: Final = ".part"
_PRUNE_SLICE: Final = 50


class MailTooLargeError(ValueError):
    """The mail alone is larger than the whole mailbox may be."""


class CaptureStore:
    """Files in `directory`, at most `max_bytes` octets together; the oldest go first."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self._directory = directory
        self.max_bytes = max_bytes
        self._turn = threading.Lock()

    def prepare(self) -> None:
        """Make the folder; forget mails whose file is gone, and take in files that have no row.

        Such a file was written, and its row lost with the machine's power: the sender may have been
        told that we have the mail.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for unfinished in self._directory.glob(f"*{_UNFINISHED}"):
            unfinished.unlink()
        there = {path.name for path in self._directory.glob(f"*{_SUFFIX}")}
        known = set(CapturedMail.objects.values_list("file_name", flat=True))
        CapturedMail.objects.filter(file_name__in=known - there).delete()
        for name in sorted(there - known):
            self._add_row(name, (self._directory / name).read_bytes(), "", "")

    def save(self, mail_data: bytes, reverse_path: str, forward_path: str) -> None:
        """Keep a mail; when this returns it is on the disk.

        Raises `MailTooLargeError`, `OSError`, `django.db.Error`.
        """
        if len(mail_data) > self.max_bytes:
            raise MailTooLargeError
        name = f"{secrets.token_hex(16)}{_SUFFIX}"
        self._write(name, mail_data)
        try:
            self._add_row(name, mail_data, reverse_path, forward_path)
        except BaseException:
            (self._directory / name).unlink(missing_ok=True)
            raise
        with self._turn:
            self._prune()

    def _write(self, name: str, mail_data: bytes) -> None:
        """Write under another name first, so that a file with the right one is always whole."""
        unfinished = self._directory / f"{name}{_UNFINISHED}"
        try:
            with open(unfinished, "xb", opener=_for_the_owner) as file:
                file.write(mail_data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(self._directory / name)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _add_row(self, name: str, mail_data: bytes, reverse_path: str, forward_path: str) -> None:
        facts = message_facts(mail_data)
        CapturedMail.objects.create(
            reverse_path=storable(reverse_path, LONGEST_ADDRESS),
            forward_path=storable(forward_path, LONGEST_ADDRESS),
            sender=storable(facts.sender),
            subject=storable(facts.subject),
            size=len(mail_data),
            file_name=name,
        )

    def _prune(self) -> None:
        """Delete the oldest mails until the rest fits; the newest one always does."""
        total = CapturedMail.objects.aggregate(total=Sum("size"))["total"] or 0
        while total > self.max_bytes:
            for mail in CapturedMail.objects.order_by("received_at", "id")[:_PRUNE_SLICE]:
                if total <= self.max_bytes:
                    break
                mail.delete()
                (self._directory / mail.file_name).unlink(missing_ok=True)
                total -= mail.size


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
