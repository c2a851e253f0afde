"""The records: messages, recipients, links, events, and what administrators and recipients decided.

Tracking ids are unsigned 64-bit numbers in tokens and signed ones here (`tracking_ids`), because
both databases know signed ones only.  Times are timezone-aware UTC.
"""

from typing import ClassVar, Final

from django.db import models

from backstamp.policy import ConsentState, SuppressionReason
from backstamp.vocabulary import Actor, Direction, EventType, Origin

LONGEST_ADDRESS: Final = 320
"""64 octets of local part, "@", 255 of domain (RFC 5321 §4.5.3.1)."""

LONGEST_METHOD: Final = 100
"""More of a request's method is not kept."""


def choices(
    words: type[Actor]
    | type[Direction]
    | type[EventType]
    | type[Origin]
    | type[ConsentState]
    | type[SuppressionReason],
) -> list[tuple[str, str]]:
    """Return a closed set of words as a field's choices."""
    return [(word.value, word.value) for word in words]


class Message(models.Model):
    """A message that went through us, or one written elsewhere for which a pixel was made by hand."""

    tracking_id = models.BigIntegerField(primary_key=True)
    direction = models.CharField(max_length=16, choices=choices(Direction), default=Direction.OUTBOUND)
    origin = models.CharField(max_length=16, choices=choices(Origin))
    domain_id = models.IntegerField(default=0)
    queued_at = models.DateTimeField(db_index=True)
    trace_id = models.CharField(max_length=64, blank=True, default="")
    reverse_path = models.CharField(max_length=LONGEST_ADDRESS, blank=True, default="")
    message_id = models.CharField(max_length=998, blank=True, default="", db_index=True)
    subject = models.CharField(max_length=998, blank=True, default="")
    sender = models.CharField(max_length=LONGEST_ADDRESS, blank=True, default="", db_index=True)
    size = models.BigIntegerField(default=0)
    opens_tracked = models.BooleanField(default=False)
    links_tracked = models.BooleanField(default=False)
    untracked_reason = models.CharField(max_length=400, blank=True, default="")
    manifest = models.TextField(blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-queued_at"]
        indexes: ClassVar = [models.Index(fields=["-queued_at", "tracking_id"], name="message_newest")]

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

    The counts and times are made from the events by `records.rollup` and can be rebuilt. Index 0xFFFF
    stands for "nobody in particular": hits of anonymous tokens. `sent_at` is when the next hop first took
    this copy: the clock of the verdicts starts there.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="recipients")
    index = models.PositiveIntegerField()
    address = models.CharField(max_length=LONGEST_ADDRESS, blank=True, default="", db_index=True)
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
        indexes: ClassVar = [models.Index(fields=["message", "recipient_key"], name="recipient_by_key")]

    def __str__(self) -> str:
        return f"recipient {self.index} of {self.message_id:x}"


class Link(models.Model):
    """A tracked link of a message."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="links")
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

    Made from the message, its recipients and its events by `records.rollup`, and can be rebuilt. `tally`
    counts fetches: a JSON object whose keys are
    made by `records.tally`. `opened`, `clicked` and `troubled` are numbers of recipients (who names nobody
    counts as one). `version` is the number of the last change to anything about the message
    (`records.changes`).
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
    """All that a search looks at of a message, in lower case: subject, sender, Message-ID, recipients."""

    message = models.OneToOneField(
        Message, on_delete=models.CASCADE, primary_key=True, related_name="searchable", db_constraint=False
    )
    text = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"text of {self.message_id:x}"


class DayCount(models.Model):
    """How often something happened on a day (UTC) to the mail of a tracking domain (-1: of all).

    Kept by ingest in the transaction that changes the events; `records.day_counts` names the measures
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

    On PostgreSQL the table is partitioned by month of `at` (`records.partitions`).
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
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.producer}/{self.position}"


class JournalCursor(models.Model):
    """How far a producer's journal is ingested; committed together with the rows made from it."""

    producer = models.CharField(max_length=40, primary_key=True)
    position = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.producer} up to {self.position}"


class ChangeCounter(models.Model):
    """Counts the changes to the records (a single row), so that other processes see that there was one."""

    value = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"change {self.value}"


class Switch(models.Model):
    """The one switch that turns all tracking off (a single row)."""

    tracking_off = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.CharField(max_length=150, blank=True, default="")

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
    recorded_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["address"]
        indexes: ClassVar = [models.Index(fields=["recipient_key"], name="consent_by_key")]

    def __str__(self) -> str:
        return f"consent {self.pk}"


class Suppression(models.Model):
    """An address to which mail of a sender domain ("": of every domain) does not go any more."""

    id = models.BigAutoField(primary_key=True)
    domain = models.CharField(max_length=255, blank=True, default="")
    address = models.CharField(max_length=LONGEST_ADDRESS)
    recipient_key = models.BinaryField(max_length=8)
    reason = models.CharField(max_length=16, choices=choices(SuppressionReason))
    evidence = models.CharField(max_length=1000, blank=True, default="")
    since = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["address", "domain"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["domain", "recipient_key"], name="suppression_once"),
        ]

    def __str__(self) -> str:
        return f"suppression {self.pk}"


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
    killed_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["tracking_id", "link_number", "recipient_index"]

    def __str__(self) -> str:
        return f"kill {self.pk}"


class UnmatchedReport(models.Model):
    """A report whose message is not known: kept for an administrator's eyes, and tried again for a day.

    `words` are the EventTypes that it tells of, `findings` is a `records.matching.Finding` in JSON.
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


class SignInLink(models.Model):
    """A link that signs one person in once, to set a password; only the token's hash is kept."""

    token_hash = models.BinaryField(max_length=32, unique=True)
    email = models.EmailField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"sign-in link {self.pk}"


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
