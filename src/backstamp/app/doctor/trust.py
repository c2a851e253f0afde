"""Whose word counts: senders of received mail for whom our own MTA is said to vouch."""

from collections.abc import Iterator

from backstamp.app.doctor.findings import Finding, note
from backstamp.app.settings import Settings
from backstamp.app.settings.table import PROTECTION_AUTHSERV_IDS, PROTECTION_LISTEN


def trusted_senders(settings: Settings) -> Iterator[Finding]:
    """May a stranger vouch for themself, since nobody takes their Authentication-Results out before us?"""
    names, listen = settings[PROTECTION_AUTHSERV_IDS], settings[PROTECTION_LISTEN]
    if names and listen:
        yield note(
            "protection.authserv_ids",
            "before the queue (smtpd_proxy_filter to protection.listen) nobody has taken strangers' "
            "Authentication-Results out, so that they can vouch for themselves",
            "leave it empty there (docs/protect-postfix.md, way B)",
        )
