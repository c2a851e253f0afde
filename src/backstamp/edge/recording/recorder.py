"""Hits on their way into the journal: who asked, for what, and what was done about it."""

import logging
from collections.abc import Callable
from time import time_ns
from typing import Final

from msgspec.structs import replace

from backstamp.edge.deciding.floods import Floods
from backstamp.edge.deciding.policy import MOST_PRIVATE, HitPolicy
from backstamp.edge.recording.callers import Callers
from backstamp.edge.recording.client_address import address_text, network_text
from backstamp.edge.recording.kept_headers import kept_headers
from backstamp.edge.recording.losses import Losses
from backstamp.edge.requests.scope import Scope
from backstamp.journal import JournalUnavailableError, JournalWriter, PackedHit
from backstamp.policy import ClickAddresses
from backstamp.shared_files import Drop
from backstamp.threats import Finding
from backstamp.tokens import LinkToken, PixelToken
from backstamp.vocabulary import MALFORMED, ClickAction, HitKind

_log = logging.getLogger("backstamp.edge")

_PIXEL: Final = HitKind.PIXEL
_REDIRECT: Final = HitKind.REDIRECT
_ADDRESSES: Final[dict[ClickAddresses, Callable[[bytes], str | None]]] = {
    ClickAddresses.OFF: lambda _octets: None,
    ClickAddresses.TRUNCATED: network_text,
    ClickAddresses.FULL: address_text,
}
"""What is kept of an address at clicks in received mail, as its domain says."""


class HitRecorder:
    """Writes hits, and counts those that could not be. Nothing that breaks here stops an answer."""

    def __init__(self, journal: JournalWriter, callers: Callers, floods: Floods, counts: list[int]) -> None:
        """Take what the edge's worker has; `counts` are `EdgeCounters.counts`."""
        self.policy: HitPolicy = MOST_PRIVATE
        self._floods = floods
        self._journal = journal
        self._callers = callers
        self._counts = counts
        self._losses = Losses(_log)

    def pixel(self, scope: Scope, token: PixelToken, tail: str = "") -> None:
        """Write that a pixel was asked for, where that may be; `tail` is what came behind its token."""
        policy = self.policy
        if token.recipient_key in policy.withdrawn:
            self._counts[Drop.WITHDRAWN] += 1
        elif token.tracking_id in policy.kills.messages:
            self._counts[Drop.KILLED] += 1
        else:
            self._write(scope, token, "", _PIXEL, token.recipient_key, None, None, None, None, tail)

    def link(
        self,
        scope: Scope,
        token: LinkToken,
        action: ClickAction | None = None,
        finding: Finding | None = None,
    ) -> None:
        """Write that a link was asked for, what was done, and what spoke against it.

        `action` is None where a link of sent mail led on as ever, which is counted already.
        """
        index, number = token.recipient_index, token.link_number
        self._write(scope, token, action, _REDIRECT, b"", index, number, action, finding)

    def malformed(self, scope: Scope, token: PixelToken | LinkToken, tail: str) -> None:
        """Write that a token was asked for with something behind it, for which it was not answered.

        Links of received mail are left out: what is recorded of those was decided about them.
        """
        if isinstance(token, PixelToken):
            self.pixel(scope, token, tail)
        elif not token.protected:
            index, number = token.recipient_index, token.link_number
            self._write(scope, token, MALFORMED, _REDIRECT, b"", index, number, None, None, tail)

    def _write(
        self,
        scope: Scope,
        token: PixelToken | LinkToken,
        counted: str | None,
        kind: HitKind,
        recipient_key: bytes,
        recipient_index: int | None,
        link_number: int | None,
        action: ClickAction | None,
        finding: Finding | None,
        tail: str = "",
    ) -> None:
        """Write a hit, unless too many of its token were `counted` alike: None is none of them."""
        policy = self.policy
        if not policy.record:
            self._counts[Drop.TRACKING_OFF] += 1
            return
        try:
            at_us = time_ns() // 1000
            headers = scope.headers
            caller = self._callers.of(scope.client, headers, at_us)
            if counted is not None and self._floods.fills_up(token, caller.prefix, counted):
                self._counts[Drop.HIT_LIMIT] += 1
                return
            kept = kept_headers(headers.items())
            if tail:
                kept[MALFORMED] = tail
            address = None
            if type(token) is LinkToken and token.protected:
                keep = _ADDRESSES[policy.guard_of(token).protection.click_addresses]
                address = keep(caller.octets)
            elif policy.keep_addresses:
                address = address_text(caller.octets)
            hit = PackedHit(
                at_us,
                kind,
                token.domain_id,
                token.tracking_id,
                scope.method,
                recipient_key,
                recipient_index,
                link_number,
                kept,
                caller.network,
                caller.source,
                address,
                action,
            )
            if finding is not None:
                threat, reason, source = finding.threat_type, finding.reason, finding.source
                hit = replace(hit, threat=threat, threat_reason=reason, threat_source=source)
            self._journal.append_hit(hit)
        except JournalUnavailableError as error:
            self._counts[Drop.JOURNAL_UNAVAILABLE] += 1
            self._losses.count(str(error))
        except Exception as error:  # noqa: BLE001 (a link in a delivered mail must work whatever breaks here)
            self._counts[Drop.FAILURE] += 1
            self._losses.count(f"{type(error).__name__} while a hit was recorded")
        else:
            if self._losses.pending:
                self._losses.end()
