"""Protection of received mail: what is done for a domain, what spoke against links, what readers said."""

from typing import ClassVar

from django.db import models

from backstamp.policy import ClickAddresses, OnKnownBad, OnUnprotected, ProtectionMode
from backstamp.records.models.messages import Message
from backstamp.records.models.policy import SenderDomain
from backstamp.records.models.words import LONGEST_ADDRESS, LONGEST_USER, choices
from backstamp.vocabulary import ClickAction, ReaderReportKind, ThreatType


class ProtectedDomain(models.Model):
    """What is done for the mail that a domain receives (`policy.Protection`); no row means nothing.

    `actions` is a JSON object: ClickAction by ThreatType, where they differ from the defaults.
    """

    domain = models.OneToOneField(
        SenderDomain, on_delete=models.CASCADE, primary_key=True, related_name="protection"
    )
    mode = models.CharField(max_length=16, choices=choices(ProtectionMode), default=ProtectionMode.OFF)
    on_unprotected = models.CharField(
        max_length=16, choices=choices(OnUnprotected), default=OnUnprotected.MARK
    )
    on_known_bad = models.CharField(max_length=16, choices=choices(OnKnownBad), default=OnKnownBad.HEADER)
    actions = models.JSONField(default=dict, blank=True)
    may_override = models.BooleanField(default=False)
    unresolved = models.CharField(max_length=16, choices=choices(ClickAction), default=ClickAction.ALLOW)
    click_addresses = models.CharField(
        max_length=16, choices=choices(ClickAddresses), default=ClickAddresses.OFF
    )
    page_organisation = models.CharField(max_length=200, blank=True, default="")
    page_text = models.CharField(max_length=2000, blank=True, default="")
    page_contact = models.CharField(max_length=LONGEST_ADDRESS, blank=True, default="")
    page_logo = models.TextField(blank=True, default="")
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.CharField(max_length=LONGEST_USER, blank=True, default="")

    def __str__(self) -> str:
        return f"protection of domain {self.pk}"


class ProtectionException(models.Model):
    """For whom or what a domain's protection is off: a mailbox, a sender (address or domain), or a host."""

    class Kind(models.TextChoices):
        """What `value` is."""

        MAILBOX = "mailbox"
        SENDER = "sender"
        HOST = "host"

    id = models.BigAutoField(primary_key=True)
    domain = models.ForeignKey(SenderDomain, on_delete=models.CASCADE, related_name="exceptions")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    value = models.CharField(max_length=LONGEST_ADDRESS)
    recipient_key = models.BinaryField(max_length=8, default=b"", blank=True)
    since = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=LONGEST_USER, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["kind", "value"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["domain", "kind", "value"], name="exception_once"),
        ]

    def __str__(self) -> str:
        return f"exception {self.pk}"


class OwnListEntry(models.Model):
    """An entry of an administrator's own lists: a host or URL that is allowed or blocked.

    `scope` is "" (everybody), a domain, or a mailbox's recipient key in hex (`scope_name`: its address).
    `expression` is a Safe Browsing expression, `digest` the first 8 octets of its SHA-256. `looked_back_at`
    is when it was looked for in mail that had arrived (`records.looking_back`), or in alerts where it allows.
    """

    class Kind(models.TextChoices):
        """What happens with a link that it names."""

        ALLOWED = "allowed"
        BLOCKED = "blocked"

    id = models.BigAutoField(primary_key=True)
    scope = models.CharField(max_length=255, blank=True, default="")
    scope_name = models.CharField(max_length=LONGEST_ADDRESS, blank=True, default="")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    expression = models.TextField()
    digest = models.BinaryField(max_length=8)
    note = models.CharField(max_length=500, blank=True, default="")
    since = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=LONGEST_USER, blank=True, default="")
    looked_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["expression"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "digest"], name="own_list_entry_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["since", "id"], name="own_list_by_age")]

    def __str__(self) -> str:
        return f"own list entry {self.pk}"


class LiftedAllowance(models.Model):
    """A host or URL that an own list allows no longer; kept until mail was looked through for it.

    `scope` and `expression` as of `OwnListEntry`; `allowed_at` is its `since`, None where nobody knows.
    """

    id = models.BigAutoField(primary_key=True)
    scope = models.CharField(max_length=255, blank=True, default="")
    expression = models.TextField()
    allowed_at = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"lifted allowance {self.pk}"


class ExpressionKill(models.Model):
    """A host or URL that was switched off in all mail; `digest`: 8 octets of the SHA-256 of `expression`.

    `looked_back_at` as of `OwnListEntry`.
    """

    id = models.BigAutoField(primary_key=True)
    expression = models.TextField()
    digest = models.BinaryField(max_length=8, unique=True)
    killed_at = models.DateTimeField(auto_now_add=True)
    killed_by = models.CharField(max_length=LONGEST_USER, blank=True, default="")
    looked_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["expression"]
        indexes: ClassVar = [models.Index(fields=["killed_at", "id"], name="kill_by_age")]

    def __str__(self) -> str:
        return f"expression kill {self.pk}"


class LinkExpression(models.Model):
    """A Safe Browsing expression of a link of received mail: looked up when a list names it later.

    `digest` is the first 8 octets of its SHA-256, as a signed number (big-endian): narrow and quick to index.
    What several links of a message share (their host) is there once, with the `number` of the first of them.
    """

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="expressions", db_constraint=False
    )
    number = models.PositiveIntegerField()
    digest = models.BigIntegerField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["digest"], name="link_expression_digest")]

    def __str__(self) -> str:
        return f"expression {self.pk}"


class LinkFinding(models.Model):
    """What spoke against a link: when the mail came, or later (`found_at`), when a list began to name it."""

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="findings", db_constraint=False
    )
    number = models.PositiveIntegerField()
    threat = models.CharField(max_length=24, choices=choices(ThreatType))
    reason = models.CharField(max_length=48)
    source = models.CharField(max_length=64)
    detail = models.CharField(max_length=500, blank=True, default="")
    found_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering: ClassVar = ["-found_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["message", "number", "reason", "source"], name="link_finding_once"
            ),
        ]

    def __str__(self) -> str:
        return f"finding {self.pk}"


class ReaderReportRow(models.Model):
    """What a reader reported from a page that was shown for a link (`vocabulary.ReaderReport`)."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=16, choices=choices(ReaderReportKind))
    tracking_id = models.BigIntegerField(db_index=True)
    recipient_index = models.PositiveIntegerField(null=True, blank=True)
    link_number = models.PositiveIntegerField()
    domain_id = models.IntegerField(default=0)
    url = models.TextField()
    text = models.CharField(max_length=1000, blank=True, default="")
    handled_at = models.DateTimeField(null=True, blank=True)
    handled_by = models.CharField(max_length=LONGEST_USER, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [models.Index(fields=["handled_at", "at"], name="reader_report_by_handling")]

    def __str__(self) -> str:
        return f"reader's report {self.pk}"
