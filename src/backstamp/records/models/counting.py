"""How far the journal is ingested, what changed, and how much there was of what."""

from typing import ClassVar

from django.db import models


class DayCount(models.Model):
    """How often something happened on a day (UTC) to the mail of a tracking domain (-1: of all).

    Kept by ingest in the transaction that changes the events; `records.rollups.day_counts` names the measures
    and can count them anew.
    """

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()
    domain_id = models.IntegerField()
    measure = models.CharField(max_length=48)
    number = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["domain_id", "day", "measure"], name="day_count_once"),
        ]

    def __str__(self) -> str:
        return f"{self.measure} on {self.day}"


class JournalCursor(models.Model):
    """How far a producer's journal is ingested; committed together with the rows made from it.

    `gone_at` is when the worker deleted the last of that journal.
    """

    producer = models.CharField(max_length=40, primary_key=True)
    position = models.BigIntegerField()
    gone_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.producer} up to {self.position}"


class PartChange(models.Model):
    """What a large part of the policy is made of was changed; the database makes these rows by itself.

    See `records.snapshot.part_changes`.
    """

    id = models.BigAutoField(primary_key=True)
    part = models.CharField(max_length=16)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["part", "id"], name="part_change_by_part")]

    def __str__(self) -> str:
        return f"change {self.pk} of {self.part}"


class ChangeCounter(models.Model):
    """Counts the changes to the records (a single row), so that other processes see that there was one."""

    value = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"change {self.value}"
