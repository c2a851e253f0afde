"""By the milter all recipients get the same octets: who is sent links of ours then, and who is not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from backstamp.gateway.config import ProtectionConfig
from backstamp.gateway.milter import Accept, MilterAnswer, MilterEnvelope, MilterPath, Refuse, Replace
from backstamp.gateway.protection.by_milter import MilterProtection
from backstamp.gateway.protection.protector import Protector
from backstamp.gateway.rewriter.config import RewritingLimits
from backstamp.gateway.rewriter.pool import BusyError, RewriterPool
from backstamp.journal import JournalReader, JournalWriter
from backstamp.policy import OnUnprotected
from backstamp.rewriting import Limits, Options, ShownUrls
from backstamp.shared_files import SnapshotFile, publish_snapshot
from backstamp.tokens import ANONYMOUS
from backstamp.vocabulary import Direction, Queued
from tests.gateway.running import HTML, RING, TEXT
from tests.gateway.test_protection import ANN, BEN, CAT, URL, guarded, guarded_link, tokens

CUSTOMER = "dan@customer.example"
OPTIONS = Options(shown_urls=ShownUrls.WITHOUT_SCHEME, limits=Limits(links=4_999))
WRAPPED = HTML.replace(URL.encode(), guarded_link())


class Guard:
    """A milter's protection, asked without an MTA."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = JournalWriter(folder / "journal", role="gateway")
        self.pool = RewriterPool(RewritingLimits(workers=1))
        protector = Protector(
            keyring=lambda: RING,
            snapshot=SnapshotFile(folder / "snapshot"),
            journal=self.journal,
            rewriter=self.pool,
            options=OPTIONS,
            config=ProtectionConfig(threat_lists=folder / "threats.lists"),
        )
        self._examine = MilterProtection(protector, new_tracking_id=lambda: 5, clock=lambda: 1.7e9)

    async def __call__(
        self, raw: bytes, *to: str, user: str = "", sender: str = "ann@example.org", **policy: Any
    ) -> MilterAnswer:
        publish_snapshot(self.folder / "snapshot", guarded(**policy))
        envelope = MilterEnvelope(
            client_address="192.0.2.1",
            helo="mx.example.org",
            reverse_path=MilterPath(sender),
            recipients=tuple(map(MilterPath, to)),
            queue_id="4ABC",
            authenticated_user=user,
            daemon_name="mx",
            trace_id="t",
        )
        return await self._examine(envelope, raw)

    @property
    def queued(self) -> list[Queued]:
        records = JournalReader(self.folder / "journal").read({}, 100).records
        return [record for _, record in records if isinstance(record, Queued)]


@pytest.fixture
async def guard(tmp_path: Path) -> AsyncIterator[Guard]:
    made = Guard(tmp_path)
    yield made
    await made.pool.close()
    made.journal.close()


async def test_our_own_people_are_sent_as_they_wrote_whoever_gets_it(guard: Guard) -> None:
    for to in ((ANN,), (ANN, CUSTOMER), (CUSTOMER,)):
        assert await guard(HTML, *to, user="ben") == Accept()
        answer = await guard(WRAPPED, *to, user="ben")
        assert isinstance(answer, Replace)
        assert answer.wanted.whole() == HTML, "targets are put back"
    assert guard.queued == []


async def test_whose_mail_waits_for_whom_goes_by_the_client_of_the_mta(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    parties = list[object]()
    protect = guard.pool.protect

    async def noting(request: Any, raw: bytes, party: Any) -> Any:
        parties.append(party)
        return await protect(request, raw, party)

    monkeypatch.setattr(guard.pool, "protect", noting)
    assert isinstance(await guard(HTML, ANN), Replace)
    assert parties == [(4, 0xC0000201)]


async def test_limits_and_how_urls_are_shown_are_as_set_for_received_mail_too(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[Options]()

    async def noting(request: Any, raw: bytes, party: Any) -> Any:
        asked.append(request.options)
        raise BusyError

    monkeypatch.setattr(guard.pool, "protect", noting)
    await guard(HTML, ANN)
    (options,) = asked
    assert (options.direction, options.opens, options.links) == (Direction.INBOUND, False, True)
    assert (options.shown_urls, options.limits) == (OPTIONS.shown_urls, OPTIONS.limits)


async def test_nobody_outside_is_sent_a_link_of_ours(guard: Guard) -> None:
    for raw in (HTML, WRAPPED):
        answer = await guard(raw, ANN, CUSTOMER)
        assert isinstance(answer, Replace)
        assert tokens(answer.wanted.whole()) == []
        assert answer.wanted.whole() == (
            b"X-Backstamp-Protection: protect; links=0; unprotected=outside_recipient\r\n"
            + HTML.replace(b"Subject: offer", b"Subject: [links not checked] offer")
        )
    queued = guard.queued[0]
    assert (queued.unprotected, queued.links) == (("outside_recipient",), False)
    assert [link.url for link in queued.tracked_links] == [URL], "they are judged, and looked back for"
    assert [recipient.address for recipient in queued.recipients] == [ANN]


async def test_mail_that_somebody_outside_gets_too_goes_by_the_policy(guard: Guard) -> None:
    refused = await guard(HTML, ANN, CUSTOMER, on_unprotected=OnUnprotected.REFUSE)
    assert isinstance(refused, Refuse)
    assert refused.reply.permanent
    assert isinstance(await guard(TEXT, ANN, CUSTOMER, on_unprotected=OnUnprotected.REFUSE), Replace)


async def test_a_link_names_its_only_recipient_and_nobody_of_several(guard: Guard) -> None:
    for to, index in (((ANN,), 0), ((ANN, BEN), None)):
        answer = await guard(HTML, *to)
        assert isinstance(answer, Replace)
        (token,) = tokens(answer.wanted.whole())
        key = ANONYMOUS if index is None else RING.recipient_key(ANN)
        assert (token.recipient_index, token.recipient_key) == (index, key)
    assert [[each.address for each in queued.recipients] for queued in guard.queued] == [[ANN], [ANN, BEN]]


async def test_octets_that_no_record_can_hold_are_no_way_past_the_protection(guard: Guard) -> None:
    # Postfix takes them with `smtputf8_enable = no`.
    odd = ANN.replace("ann", "a\udcff\x01n")
    answer = await guard(HTML, odd, sender="e\udcffve@example.org")
    assert isinstance(answer, Replace)
    assert len(tokens(answer.wanted.whole())) == 1
    (queued,) = guard.queued
    assert queued.reverse_path == r"e\xffve@example.org"
    assert [each.address for each in queued.recipients] == [ANN.replace("ann", "a\\xff\x01n")]


async def test_among_our_own_domains_the_strictest_holds(guard: Guard) -> None:
    answer = await guard(HTML, ANN, CAT)
    assert isinstance(answer, Replace)
    assert [token.url for token in tokens(answer.wanted.whole())] == [URL]


@pytest.mark.parametrize("to", ["ann@ guarded.example", "guarded.example!ann", "ann@(x)guarded.example"])
async def test_no_spelling_of_a_recipient_is_a_way_round_the_policy(guard: Guard, to: str) -> None:
    answer = await guard(HTML, to)
    assert isinstance(answer, Replace)
    assert [token.recipient_key for token in tokens(answer.wanted.whole())] == [RING.recipient_key(ANN)]
