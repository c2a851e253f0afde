"""What happened to messages, and what events share."""

from typing import ClassVar

from django.db import models

from backstamp.records.models.messages import Message
from backstamp.records.models.words import LONGEST_METHOD, choices
from backstamp.vocabulary import Actor, EventType


class HeaderSet(models.Model):
    """The header fields of a hit. Few differ, so events share them; `month` (months since year 0) is that
    of the hits, so that a set can be deleted together with the last of them.
    """

    id = models.BigAutoField(primary_key=True)
    month = models.IntegerField()
    digest = models.BinaryField(max_length=16)
    headers = models.TextField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["month", "digest"], name="header_set_once"),
        ]

    def __str__(self) -> str:
        return f"header fields {self.pk}"


class Reason(models.Model):
    """A reason of a verdict (`verdicts.Reason`). Events share them: there are few thousand.

    `text` is the sentence's template, and `params` what is put into it: a JSON object, or "" for nothing.
    """

    id = models.BigAutoField(primary_key=True)
    digest = models.BinaryField(max_length=16, unique=True)
    signal = models.CharField(max_length=48)
    weight = models.FloatField()
    text = models.TextField()
    params = models.TextField(default="", db_default="", blank=True)

    def __str__(self) -> str:
        return self.signal


class ReverseName(models.Model):
    """The forward-confirmed name of an address, "" where it has none; kept for two days."""

    address = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=253, blank=True, default="")
    looked_up_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """Something that happened to a message: from the gateway, or a hit after the verdict.

    (producer, position) is the journal record's id; a replayed record never comes as far as this table,
    for its cursor is committed with it. `message` is no foreign key with a constraint, since a hit may be
    ingested before its message. A hit has `headers` (and `method`, `network`, `address`: what the edge
    saw), and `named`: whom its token names, the key of a pixel or the index of a link (2 octets).
    `recipient_index` of a hit is known once its message is. `source` is the minute of the hit (since 1970,
    4 octets) and then the pseudonym of its address, so that "the same source at about the same time" is
    answered from the index's newest end; it is erased when the re-judging window ends. `reasons` holds
    numbers of `Reason`.

    On PostgreSQL the table is partitioned by month of `at` (`records.database.partitions`).
    """

    id = models.BigAutoField(primary_key=True)
    producer = models.CharField(max_length=40)
    position = models.BigIntegerField()
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="events", db_constraint=False, db_index=False
    )
    recipient_index = models.PositiveIntegerField(null=True, blank=True)
    type = models.CharField(max_length=16, choices=choices(EventType))
    at = models.DateTimeField()
    link_number = models.PositiveIntegerField(null=True, blank=True)
    actor = models.CharField(max_length=16, choices=choices(Actor), default=Actor.UNKNOWN)
    counts = models.BooleanField(default=True)
    score = models.FloatField(default=0.0)
    certainty = models.CharField(max_length=16, blank=True, default="")
    final = models.BooleanField(default=False)
    revised_at = models.DateTimeField(null=True, blank=True)
    client = models.CharField(max_length=100, blank=True, default="")
    method = models.CharField(max_length=LONGEST_METHOD, blank=True, default="GET")
    network = models.CharField(max_length=64, blank=True, default="")
    headers = models.ForeignKey(
        HeaderSet, on_delete=models.DO_NOTHING, null=True, blank=True, db_constraint=False, db_index=False
    )
    named = models.BinaryField(max_length=8, null=True, blank=True)
    source = models.BinaryField(max_length=12, null=True, blank=True)
    address = models.CharField(max_length=64, null=True, blank=True)
    reasons = models.JSONField(default=list, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering: ClassVar = ["at", "producer", "position"]
        indexes: ClassVar = [
            models.Index(fields=["message", "recipient_index", "at"], name="event_siblings"),
            models.Index(fields=["source"], name="event_source", condition=models.Q(source__isnull=False)),
            models.Index(fields=["at"], name="event_unsettled", condition=models.Q(final=False)),
            models.Index(
                fields=["at"],
                name="event_guarded",
                condition=models.Q(type__in=["allowed", "warned", "blocked", "clicked_through"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.producer}/{self.position}"
