"""Messages with their recipients and links, and what is kept to list and to find them."""

from typing import ClassVar

from django.db import models

from backstamp.policy import ProtectionMode
from backstamp.records.models.words import LONGEST_ADDRESS, choices
from backstamp.vocabulary import Direction, Origin


class Message(models.Model):
    """A message that went through us, or one written elsewhere for which a pixel was made by hand.

    Of received mail, `protection` says what was done with its links, and `unprotected` why some could not be
    guarded (`rewriting.SkipReason`, blanks between them).
    """

    tracking_id = models.BigIntegerField(primary_key=True)
    direction = models.CharField(max_length=16, choices=choices(Direction), default=Direction.OUTBOUND)
    origin = models.CharField(max_length=16, choices=choices(Origin))
    domain_id = models.IntegerField(default=0)
    queued_at = models.DateTimeField()
    trace_id = models.CharField(max_length=64, blank=True, default="")
    reverse_path = models.CharField(max_length=LONGEST_ADDRESS, blank=True, default="")
    message_id = models.CharField(max_length=998, blank=True, default="", db_index=True)
    subject = models.CharField(max_length=998, blank=True, default="")
    sender = models.CharField(max_length=LONGEST_ADDRESS, blank=True, default="")
    size = models.BigIntegerField(default=0)
    opens_tracked = models.BooleanField(default=False)
    links_tracked = models.BooleanField(default=False)
    untracked_reason = models.CharField(max_length=400, blank=True, default="")
    manifest = models.TextField(blank=True, default="")
    protection = models.CharField(
        max_length=16, choices=choices(ProtectionMode), blank=True, default="", db_default=""
    )
    unprotected = models.CharField(max_length=1000, blank=True, default="", db_default="")

    class Meta:
        ordering: ClassVar = ["-queued_at"]
        indexes: ClassVar = [
            models.Index(fields=["-queued_at", "tracking_id"], name="message_newest"),
            models.Index(
                fields=["-queued_at", "tracking_id"],
                name="message_received",
                condition=models.Q(direction="inbound"),
            ),
            models.Index(
                fields=["-queued_at", "tracking_id"],
                name="message_unprotected",
                condition=models.Q(direction="inbound") & ~models.Q(unprotected=""),
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.tracking_id:x}"


class DeliveryState(models.TextChoices):
    """Where a recipient's copy stands."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    BOUNCED = "bounced"


class Recipient(models.Model):
    """One recipient of one message: delivery state, and the roll-up of what its copy told us.

    The counts and times are made from the events by `records.rollups.rollup` and can be rebuilt. Index 0xFFFF
    stands for "nobody in particular": hits of anonymous tokens. `received` says that the message is received
    mail: only of that are a mailbox's copies looked up. `sent_at` is when the next hop first took
    this copy, or when the receiving system says that it came: the clock of the verdicts starts there.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="recipients", db_index=False)
    index = models.PositiveIntegerField()
    address = models.CharField(max_length=LONGEST_ADDRESS, blank=True, default="")
    received = models.BooleanField(default=False, db_default=False)
    recipient_key = models.BinaryField(max_length=8, default=b"")
    delivery = models.CharField(max_length=16, choices=DeliveryState.choices, default=DeliveryState.QUEUED)
    delivery_at = models.DateTimeField(null=True, blank=True)
    reply_code = models.PositiveSmallIntegerField(null=True, blank=True)
    enhanced_status = models.CharField(max_length=16, blank=True, default="")
    reply_text = models.CharField(max_length=1000, blank=True, default="")
    sent_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    clicked_at = models.DateTimeField(null=True, blank=True)
    human_opens = models.PositiveIntegerField(default=0)
    human_clicks = models.PositiveIntegerField(default=0)
    machine_hits = models.PositiveIntegerField(default=0)
    unknown_hits = models.PositiveIntegerField(default=0)
    open_is_implied = models.BooleanField(default=False)
    open_is_measurable = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["index"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["message", "index"], name="recipient_once")]
        indexes: ClassVar = [
            models.Index(fields=["message", "recipient_key"], name="recipient_by_key"),
            models.Index(fields=["address"], name="recipient_received", condition=models.Q(received=True)),
        ]

    def __str__(self) -> str:
        return f"recipient {self.index} of {self.message_id:x}"


class Link(models.Model):
    """A tracked link of a message."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="links", db_index=False)
    number = models.PositiveIntegerField()
    url = models.TextField()
    text = models.CharField(max_length=200, blank=True, default="")
    part = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["message", "number"], name="link_once")]

    def __str__(self) -> str:
        return f"link {self.number} of {self.message_id:x}"


class MessageRollup(models.Model):
    """What the list asks of a message, in one narrow row, for every hit changes it.

    Made from the message, its recipients and its events by `records.rollups.rollup`, and can be rebuilt.
    `tally` counts fetches: a JSON object whose keys are made by `records.events.tally`. `opened`, `clicked`
    and `troubled` are numbers of recipients (who names nobody counts as one). `version` is the number of
    the last change to anything about the message (`records.rollups.changes`).
    """

    message = models.OneToOneField(
        Message, on_delete=models.CASCADE, primary_key=True, related_name="rollup", db_constraint=False
    )
    queued_at = models.DateTimeField()
    opens_tracked = models.BooleanField(default=False)
    untracked = models.BooleanField(default=False)
    opened = models.PositiveIntegerField(default=0)
    clicked = models.PositiveIntegerField(default=0)
    troubled = models.PositiveIntegerField(default=0)
    version = models.BigIntegerField(default=0)
    tally = models.TextField(default="{}")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-queued_at", "message"], name="rollup_newest"),
            models.Index(
                fields=["-queued_at", "message"], name="rollup_opened", condition=models.Q(opened__gt=0)
            ),
            models.Index(
                fields=["-queued_at", "message"],
                name="rollup_not_opened",
                condition=models.Q(opened=0, opens_tracked=True),
            ),
            models.Index(
                fields=["-queued_at", "message"], name="rollup_clicked", condition=models.Q(clicked__gt=0)
            ),
            models.Index(
                fields=["-queued_at", "message"], name="rollup_troubled", condition=models.Q(troubled__gt=0)
            ),
            models.Index(
                fields=["-queued_at", "message"], name="rollup_untracked", condition=models.Q(untracked=True)
            ),
        ]

    def __str__(self) -> str:
        return f"roll-up of {self.message_id:x}"


class MessageText(models.Model):
    """All that a search looks at of a message, in lower case: subject, sender, Message-ID, recipients, and of
    sent mail the hosts of its links.

    `id` counts on in the order of arrival: SQLite's index of trigrams is by it (migration 0017).
    """

    id = models.BigAutoField(primary_key=True)
    message = models.OneToOneField(
        Message, on_delete=models.CASCADE, related_name="searchable", db_constraint=False
    )
    text = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"text of {self.message_id:x}"
