"""What readers say of pages that were shown before links: a mistake, fraud, or why they went on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import QuerySet

from backstamp.policy import EVERYBODY
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.events import lookups
from backstamp.records.events.link_hosts import host_in
from backstamp.records.models import LONGEST_USER, Message, OwnListEntry, ReaderReportRow, SenderDomain
from backstamp.records.protection import own_lists
from backstamp.records.protection.decided import Decided, decided_of, decided_of_each
from backstamp.tokens import Keyring


class Decision(StrEnum):
    """What an administrator makes of a report."""

    ALLOW = "allow"
    BLOCK = "block"
    DISMISS = "dismiss"


@dataclass(frozen=True)
class ReaderReport:
    """A report with its message, the mailbox that its link names ("" where it names none), and what
    administrators have decided of the link in the mail of that domain.
    """

    row: ReaderReportRow
    message: Message | None
    address: str
    decided: Decided | None

    @property
    def open_decisions(self) -> tuple[Decision, ...]:
        """What would make a difference: nothing leads on to what is switched off in all mail."""
        if self.decided is None:
            return (Decision.ALLOW, Decision.BLOCK)
        if not isinstance(self.decided, OwnListEntry):
            return ()
        return (Decision.BLOCK if self.decided.kind == own_lists.Kind.ALLOWED else Decision.ALLOW,)


def listed(*, handled: bool) -> QuerySet[ReaderReportRow]:
    """Return the reports that are handled, or those that wait for a decision."""
    return ReaderReportRow.objects.filter(handled_at__isnull=not handled)


def with_mail(rows: list[ReaderReportRow]) -> list[ReaderReport]:
    """Return reports with what they are about."""
    messages = Message.objects.defer("manifest").in_bulk({row.tracking_id for row in rows})
    addresses = lookups.addresses((row.tracking_id, row.recipient_index) for row in rows)
    decided = _decided(rows)
    return [
        ReaderReport(
            row,
            messages.get(row.tracking_id),
            addresses.get((row.tracking_id, row.recipient_index), ""),
            decided.get((row.domain_id, row.url)),
        )
        for row in rows
    ]


def _decided(rows: Sequence[ReaderReportRow]) -> dict[tuple[int, str], Decided]:
    """Return what is decided of the links of reports in the mail of their domains."""
    numbers = {row.domain_id for row in rows}
    names = dict(SenderDomain.objects.filter(pk__in=numbers).values_list("pk", "name"))
    return {
        (number, url): decided
        for number in numbers
        for url, decided in decided_of_each(
            {row.url for row in rows if row.domain_id == number}, names.get(number, EVERYBODY)
        ).items()
    }


def handle(row: ReaderReportRow, decision: Decision, keyring: Keyring, by: str) -> str:
    """Do what was decided, and note it; return the host that was listed, or "".

    A host is allowed for the domain whose mail it was in, and blocked for everybody: for the domain, too,
    where its own list allows the host. Raises `RefusedError`, also where something else decides of the link
    all the same.
    """
    host = ""
    with transaction.atomic():
        if decision is not Decision.DISMISS:
            host = host_in(row.url)
            if not host:
                raise RefusedError("the link names no host")
            names = SenderDomain.objects.filter(pk=row.domain_id).values_list("name", flat=True)
            domain = names.first() or EVERYBODY
            kind = own_lists.Kind.BLOCKED if decision is Decision.BLOCK else own_lists.Kind.ALLOWED
            for whose in (EVERYBODY, domain) if decision is Decision.BLOCK else (domain,):
                decided = decided_of(row.url, domain)
                if decided is None or not _says(decided, kind):
                    own_lists.add(kind, host, whose, keyring, by=by, note=f"a reader reported: {row.kind}")
            decided = decided_of(row.url, domain)
            if decided is not None and not _says(decided, kind):
                raise RefusedError(f"{_in_the_way(decided)}; change that under Lists first")
        row.handled_at = datetime.now(UTC)
        row.handled_by = by[:LONGEST_USER]
        row.save(update_fields=("handled_at", "handled_by"))
    return host


def _says(decided: Decided, kind: own_lists.Kind) -> bool:
    """Whether what is decided comes to that: what is switched off is as good as blocked."""
    return kind == (decided.kind if isinstance(decided, OwnListEntry) else own_lists.Kind.BLOCKED)


def _in_the_way(decided: Decided) -> str:
    what = decided.expression[:200]
    if isinstance(decided, OwnListEntry):
        return f"{what} is {decided.kind} for {decided.scope_name or 'everybody'}"
    return f"{what} is switched off in all mail"
