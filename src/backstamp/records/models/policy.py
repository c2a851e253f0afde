"""What administrators and recipients decided."""

from typing import ClassVar

from django.db import models

from backstamp.policy import ConsentState, SuppressionReason
from backstamp.records.models.words import LONGEST_ADDRESS, LONGEST_USER, choices


class Switch(models.Model):
    """The one switch that turns all tracking off (a single row)."""

    tracking_off = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.CharField(max_length=LONGEST_USER, blank=True, default="")

    def __str__(self) -> str:
        return "tracking off" if self.tracking_off else "tracking on"


class SenderDomain(models.Model):
    """What is tracked for a domain's mail; its id is the domain number in tokens (1 to 65,535)."""

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=255, unique=True)
    tracking_url = models.URLField(blank=True, default="")
    opens = models.BooleanField(null=True, blank=True)
    links = models.BooleanField(null=True, blank=True)
    anonymous = models.BooleanField(default=False)
    unsubscribe = models.BooleanField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class SenderPolicy(models.Model):
    """What is tracked for one sender's mail."""

    address = models.CharField(max_length=LONGEST_ADDRESS, unique=True)
    opens = models.BooleanField(null=True, blank=True)
    links = models.BooleanField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["address"]

    def __str__(self) -> str:
        return self.address


class Consent(models.Model):
    """What a recipient said about being measured, with the evidence: when, how, and to which words."""

    address = models.CharField(max_length=LONGEST_ADDRESS, unique=True)
    recipient_key = models.BinaryField(max_length=8)
    opens = models.CharField(max_length=16, choices=choices(ConsentState), blank=True, default="")
    links = models.CharField(max_length=16, choices=choices(ConsentState), blank=True, default="")
    evidence = models.CharField(max_length=1000, blank=True, default="")
    recorded_at = models.DateTimeField(auto_now=True)
    recorded_by = models.CharField(max_length=LONGEST_USER, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["address"]
        # All that is published, in the order in which it is: a million rows are read every second or so.
        indexes: ClassVar = [
            models.Index(fields=["recipient_key", "opens", "links", "recorded_at"], name="consent_by_key"),
            models.Index(fields=["recorded_at", "id"], name="consent_by_age"),
        ]

    def __str__(self) -> str:
        return f"consent {self.pk}"


class Suppression(models.Model):
    """A reason for which mail of a sender domain ("": of every domain) does not go to an address any more."""

    id = models.BigAutoField(primary_key=True)
    domain = models.CharField(max_length=255, blank=True, default="")
    address = models.CharField(max_length=LONGEST_ADDRESS)
    recipient_key = models.BinaryField(max_length=8)
    reason = models.CharField(max_length=16, choices=choices(SuppressionReason))
    evidence = models.CharField(max_length=1000, blank=True, default="")
    since = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["address", "domain", "reason"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["domain", "recipient_key", "reason"], name="suppression_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["recipient_key"], name="suppression_by_key"),
            models.Index(fields=["since", "id"], name="suppression_by_age"),
        ]

    def __str__(self) -> str:
        return f"suppression {self.pk}"


class ListWish(models.Model):
    """A recipient unsubscribed from a sender domain's lists, or came back; `told`: that is an event, too."""

    id = models.BigAutoField(primary_key=True)
    producer = models.CharField(max_length=40)
    position = models.BigIntegerField()
    recipient_key = models.BinaryField(max_length=8)
    domain = models.CharField(max_length=255, blank=True, default="")
    at = models.DateTimeField(db_index=True)
    unsubscribe = models.BooleanField()
    tracking_id = models.BigIntegerField()
    recipient_index = models.PositiveIntegerField()
    shown = models.CharField(max_length=1000, blank=True, default="")
    told = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["at", "id"]
        indexes: ClassVar = [models.Index(fields=["recipient_key", "domain"], name="list_wish_by_person")]

    def __str__(self) -> str:
        return f"wish {self.pk}"


class ErasedCopy(models.Model):
    """A copy of which nothing is taken any more: its recipient was erased. The number of the newest row says
    to other processes that something was erased.
    """

    id = models.BigAutoField(primary_key=True)
    tracking_id = models.BigIntegerField()
    recipient_index = models.PositiveIntegerField()
    erased_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tracking_id", "recipient_index"], name="erased_copy_once"),
        ]

    def __str__(self) -> str:
        return f"erased copy {self.pk}"


class RecordsRequest(models.Model):
    """A recipient asked that their own records be mailed to the address to which a copy went."""

    id = models.BigAutoField(primary_key=True)
    recipient_key = models.BinaryField(max_length=8, db_index=True)
    tracking_id = models.BigIntegerField()
    recipient_index = models.PositiveIntegerField()
    language = models.CharField(max_length=8, blank=True, default="")
    asked_at = models.DateTimeField(db_index=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["asked_at", "id"]

    def __str__(self) -> str:
        return f"request {self.pk}"


class Kill(models.Model):
    """A link that was switched off, or all of a message (`link_number` is null).

    `recipient_index` is null for the link in every copy, 0xFFFF for a copy that seals no recipient. It holds
    no person's data and names no row: links in mail outlive the retention of their message.
    """

    id = models.BigAutoField(primary_key=True)
    tracking_id = models.BigIntegerField(db_index=True)
    link_number = models.PositiveIntegerField(null=True, blank=True)
    recipient_index = models.PositiveIntegerField(null=True, blank=True)
    killed_at = models.DateTimeField(auto_now_add=True)
    killed_by = models.CharField(max_length=LONGEST_USER, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["tracking_id", "link_number", "recipient_index"]

    def __str__(self) -> str:
        return f"kill {self.pk}"
