"""Mail that came to us, and links that let people in."""

from typing import ClassVar

from django.db import models

from backstamp.records.models.words import LONGEST_ADDRESS


class UnmatchedReport(models.Model):
    """A report whose message is not known: kept for an administrator's eyes, and tried again for a day.

    `words` are the EventTypes that it tells of, `findings` is a `records.reports.matching.Finding` in JSON.
    """

    id = models.BigAutoField(primary_key=True)
    received_at = models.DateTimeField(db_index=True)
    words = models.CharField(max_length=200, blank=True, default="")
    addresses = models.CharField(max_length=1000, blank=True, default="")
    text = models.CharField(max_length=1000, blank=True, default="")
    reporter = models.CharField(max_length=300, blank=True, default="")
    findings = models.TextField()

    class Meta:
        ordering: ClassVar = ["-received_at", "-id"]

    def __str__(self) -> str:
        return f"unmatched report {self.pk}"


class CapturedMail(models.Model):
    """A mail in the capture mailbox: the facts of its list; the bytes lie in a file beside the database."""

    id = models.BigAutoField(primary_key=True)
    received_at = models.DateTimeField(auto_now_add=True, db_index=True)
    reverse_path = models.CharField(max_length=LONGEST_ADDRESS, blank=True, default="")
    forward_path = models.CharField(max_length=LONGEST_ADDRESS, blank=True, default="")
    sender = models.CharField(max_length=998, blank=True, default="")
    subject = models.CharField(max_length=998, blank=True, default="")
    size = models.BigIntegerField(default=0)
    file_name = models.CharField(max_length=80, unique=True)

    class Meta:
        ordering: ClassVar = ["-received_at", "-id"]

    def __str__(self) -> str:
        return f"captured mail {self.pk}"


class SignInLink(models.Model):
    """A link that signs one person in once, to set a password; only the token's hash is kept."""

    token_hash = models.BinaryField(max_length=32, unique=True)
    email = models.EmailField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"sign-in link {self.pk}"
