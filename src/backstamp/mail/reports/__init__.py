"""reports: what comes back of sent mail, understood: bounces, receipts, complaints, answers."""

from backstamp.mail.reports.reading import read_report
from backstamp.mail.reports.words import (
    Action,
    BounceClass,
    Cause,
    MailReport,
    RecipientReport,
    ReportKind,
    ReturnedMessage,
)

__all__ = [
    "Action",
    "BounceClass",
    "Cause",
    "MailReport",
    "RecipientReport",
    "ReportKind",
    "ReturnedMessage",
    "read_report",
]
