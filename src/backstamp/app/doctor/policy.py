"""The policy: whether it is published, and what it lets be tracked."""

import time
from collections.abc import Iterator

from backstamp.app.doctor.findings import Finding, good, note, wrong
from backstamp.app.doctor.published import is_published, snapshot_of
from backstamp.app.settings import Settings
from backstamp.app.settings.table import CONSENT_MODE, TRACKING_ENABLED
from backstamp.policy import STALE_SECONDS, ConsentMode


def policy(settings: Settings) -> Iterator[Finding]:
    """Is the policy published, and does it let anything be tracked at all?"""
    snapshot = snapshot_of(settings)
    if snapshot is None and is_published(settings):
        yield wrong(
            "policy",
            "what is published is damaged or not whole: a role that starts now goes by no policy",
            "restart the worker, which publishes it anew",
        )
    elif snapshot is None:
        yield note("policy", "not published yet, so no mail is tracked", "start the worker: backstamp serve")
    else:
        age = snapshot.age(time.time())
        if age > STALE_SECONDS:
            yield wrong(
                "policy", f"published {age:.0f} s ago: the worker does not run", "start it: backstamp worker"
            )
        else:
            yield good("policy", f"published {age:.0f} s ago")
        if not snapshot.enabled:
            yield note(
                "policy", "the one switch is off: nothing is tracked", "switch it on in the console, Policy"
            )
    if not settings[TRACKING_ENABLED]:
        yield note("policy", "tracking.enabled is false: nothing is tracked", "set it to true")


def consent(settings: Settings) -> Iterator[Finding]:
    """Is anybody measured whose consent is not on record?"""
    if settings[CONSENT_MODE] is ConsentMode.REQUIRED:
        yield note(
            "consent",
            "only recipients with a recorded consent are measured",
            "record consents in the console, Policy; or read docs/privacy.md before you change consent.mode",
        )
