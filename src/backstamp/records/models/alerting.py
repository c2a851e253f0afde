"""Alerts to administrators: what is told, by which channels, and what waits to be delivered."""

from typing import ClassVar

from django.db import models

from backstamp.records.models.words import LONGEST_ADDRESS, LONGEST_USER, choices
from backstamp.vocabulary import AlertRule, ChannelKind


class Channel(models.Model):
    """A way to administrators. `target` is an address, or the URL of a webhook, which may be a secret itself.

    `secret` signs what a webhook gets ("whsec_" and base64). `failing_since` and `last_failure` tell of
    deliveries that fail just now, `failures` of them in a row; until `rests_until` nothing is sent.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=16, choices=choices(ChannelKind))
    target = models.CharField(max_length=2000)
    secret = models.CharField(max_length=128, blank=True, default="")
    enabled = models.BooleanField(default=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    last_failure = models.CharField(max_length=200, blank=True, default="")
    failures = models.PositiveIntegerField(default=0)
    rests_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=LONGEST_USER, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class AlertSetting(models.Model):
    """How a rule is set where it differs from its default (`records.alerting.rules`).

    No `domains` are all domains, no `channels` all channels. `threshold` (people) and `within_minutes` are of
    `NEW_HOST` alone.
    """

    rule = models.CharField(max_length=32, primary_key=True, choices=choices(AlertRule))
    enabled = models.BooleanField(default=True)
    threshold = models.PositiveIntegerField(default=0)
    within_minutes = models.PositiveIntegerField(default=0)
    domains = models.JSONField(default=list, blank=True)
    channels = models.ManyToManyField(Channel, blank=True, related_name="rules")
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.CharField(max_length=LONGEST_USER, blank=True, default="")

    def __str__(self) -> str:
        return self.rule


class Alert(models.Model):
    """What happened to one host in one domain, while it is the same story (until `quiet_until`).

    `key` is what says that it is the same. `url` and `message_id` (a stored tracking id) are an example.
    `count` is how often it happened, `told` how often that was when channels were told last; `machines` is
    how many machines fetched the link meanwhile. `allowance` is the entry of an own list by which an
    administrator allows it since.
    """

    id = models.BigAutoField(primary_key=True)
    rule = models.CharField(max_length=32, choices=choices(AlertRule))
    key = models.CharField(max_length=32)
    domain = models.CharField(max_length=255, blank=True, default="")
    host = models.CharField(max_length=255, blank=True, default="")
    url = models.TextField(blank=True, default="")
    message_id = models.BigIntegerField(null=True, blank=True)
    threat = models.CharField(max_length=24, blank=True, default="")
    reason = models.CharField(max_length=48, blank=True, default="")
    source = models.CharField(max_length=64, blank=True, default="")
    listed_since = models.DateTimeField(null=True, blank=True)
    text = models.CharField(max_length=1000, blank=True, default="")
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField(db_index=True)
    quiet_until = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)
    told = models.PositiveIntegerField(default=0)
    machines = models.PositiveIntegerField(default=0)
    allowance = models.ForeignKey(
        "records.OwnListEntry",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
    )

    class Meta:
        ordering: ClassVar = ["-last_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["key", "quiet_until"], name="alert_open"),
            models.Index(fields=["host", "last_at", "id"], name="alert_by_host"),
            models.Index(
                fields=["quiet_until"], name="alert_grown", condition=models.Q(count__gt=models.F("told"))
            ),
        ]

    def __str__(self) -> str:
        return f"alert {self.pk}"


class AlertPerson(models.Model):
    """Who did what of which an alert tells; `address` is empty where a message says only that somebody did.

    `act` is an EventType, `received` or `reported`.
    """

    id = models.BigAutoField(primary_key=True)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="people", db_constraint=False)
    message_id = models.BigIntegerField(db_index=True)
    recipient_index = models.PositiveIntegerField()
    address = models.CharField(max_length=LONGEST_ADDRESS, blank=True, default="", db_index=True)
    act = models.CharField(max_length=16)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["alert", "message_id", "recipient_index", "act"], name="alert_person_once"
            ),
        ]

    def __str__(self) -> str:
        return f"person {self.pk} of alert {self.alert_id}"


class Outgoing(models.Model):
    """The outbox: a message for a channel, written in the transaction that raised the alert.

    `alerts` are the numbers of those that it tells of, `left_out` how many more there were. What it says is
    made when it is sent, so that nothing of an alert is kept twice. `event_id` stays the same at each try.
    """

    class Kind(models.TextChoices):
        """Why it is sent."""

        ALERT = "alert"
        UPDATE = "update"
        DIGEST = "digest"
        TEST = "test"

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting"
        SENDING = "sending"
        DELIVERED = "delivered"
        GIVEN_UP = "given_up"

    id = models.BigAutoField(primary_key=True)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="outgoing")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    event_id = models.CharField(max_length=40, unique=True)
    alerts = models.JSONField(default=list, blank=True)
    left_out = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    last_error = models.CharField(max_length=200, blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["due_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["state", "id"], name="outgoing_by_state"),
            models.Index(fields=["channel", "created_at"], name="outgoing_lately"),
        ]

    def __str__(self) -> str:
        return f"outgoing {self.pk}"


class ClickedHost(models.Model):
    """A registrable domain (or host) to which people followed links of received mail: is it new here?"""

    host = models.CharField(max_length=255, primary_key=True)
    first_at = models.DateTimeField(db_index=True)
    last_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.host


class ClickedHostPerson(models.Model):
    """Who went to a host while it was new; kept for as long as a rule may count them. `person` is a key."""

    id = models.BigAutoField(primary_key=True)
    host = models.CharField(max_length=255)
    person = models.BinaryField(max_length=8)
    message_id = models.BigIntegerField(db_index=True)
    recipient_index = models.PositiveIntegerField()
    url = models.TextField()
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["host", "person"], name="clicked_host_person_once"),
        ]

    def __str__(self) -> str:
        return f"person {self.pk}"
