"""What readers report, in words."""

from typing import Final

from backstamp.console.wording.events import Words
from backstamp.vocabulary import ReaderReportKind

_KINDS: Final = {
    ReaderReportKind.MISTAKE: Words("this is a mistake", "", "unknown", "unknown"),
    ReaderReportKind.PHISHING: Words("the mail is fraud", "", "stop", "bad"),
    ReaderReportKind.OVERRIDE: Words("went on, with this reason", "", "click", "warn"),
}


def reported_words(kind: str) -> Words:
    """Return how a reader's report is shown."""
    return _KINDS[ReaderReportKind(kind)]
