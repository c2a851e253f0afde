"""Received mail: whose links are guarded, how, and what happens where they cannot be."""

import re
import shutil
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from backstamp.gateway.config import ProtectionConfig
from backstamp.gateway.protection.groups import Group, joined
from backstamp.gateway.rewriter.pool import BusyError
from backstamp.gateway.rewriter.signatures import Trust
from backstamp.journal import JournalUnavailableError, RecordTooLargeError
from backstamp.policy import (
    DomainPolicy,
    OnKnownBad,
    OnUnprotected,
    OwnList,
    Protection,
    ProtectionMode,
    Receiving,
    Snapshot,
)
from backstamp.shared_files.known_sites_file import publish_sites
from backstamp.shared_files.threat_file import publish_lists
from backstamp.threats.lists import Source, SourceEntries
from backstamp.tokens import LinkToken, open_token, seal_link
from backstamp.urls.safe_browsing import full_hash, full_hashes
from backstamp.vocabulary import Direction, EventType, Origin, Queued, ThreatType
from tests.gateway.client import Client
from tests.gateway.fake_next_hop import FakeNextHop
from tests.gateway.running import HTML, RING, TRACKING_URL, Running, StartGateway, StartNextHop, snapshot
from tests.gateway.test_signatures import CONTENT as SIGNED_CONTENT
from tests.gateway.test_signatures import Authority
from tests.gateway.test_signatures import message as signed_message

ANN, BEN, CAT = "ann@guarded.example", "ben@guarded.example", "cat@other.example"
URL = "https://www.example.com/offer"
OURS = re.compile(rb'href="' + re.escape(TRACKING_URL.encode()) + rb'/([A-Za-z0-9_-]+)"')
TRACE = re.compile(rb"\AReceived: [^\r\n]*\r\n(?:\t[^\r\n]*\r\n)+")
SIGNED = (
    b'From: eve@example.org\r\nSubject: signed\r\nContent-Type: multipart/signed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/html\r\n\r\n<a href='https://www.example.com/offer'>x</a>\r\n"
    b"--b\r\nContent-Type: application/pkcs7-signature\r\n\r\nnone\r\n--b--\r\n"
)
NOBODY = Trust()
FORM = HTML.replace(b"</body>", b'<form action="https://www.example.com/f"><input name="a"></form></body>')


def guarded(mode: ProtectionMode = ProtectionMode.PROTECT, **changes: Any) -> Snapshot:
    """A policy under which guarded.example is protected, and other.example is not."""
    more = {key: changes.pop(key) for key in ("own_lists", "anonymous") if key in changes}
    protection = Protection(mode=mode, **changes)
    domains = {
        "guarded.example": DomainPolicy(domain_id=7, name="guarded.example", protection=protection),
        "other.example": DomainPolicy(domain_id=8, name="other.example"),
    }
    return snapshot(domains=domains, guards=True, **more)


class Filter:
    """A gateway that guards received mail, in front of a next hop."""

    def __init__(self, running: Running, hop: FakeNextHop, client: Client) -> None:
        self.running = running
        self.hop = hop
        self.client = client

    async def send(self, mail: bytes, *to: str) -> list[str]:
        return await self.client.send_mail(mail + b".\r\n", *to)

    @property
    def received(self) -> list[tuple[tuple[str, ...], bytes]]:
        """Who got what at the next hop, without our trace field."""
        return [
            (tuple(rcpt[len("RCPT TO:<") : -1] for rcpt in mail.rcpts), TRACE.sub(b"", mail.data, count=1))
            for mail in self.hop.accepted
        ]


@pytest.fixture
def start(gateway: StartGateway, next_hop: StartNextHop, tmp_path: Any) -> Any:
    async def starting(
        policy: Snapshot | None,
        *,
        listener: str = "protection.listen",
        trust: Trust = NOBODY,
        sent_to: str = "smtp://127.0.0.1:9",
        **hop: Any,
    ) -> Filter:
        inside = await next_hop(**hop)
        protection = ProtectionConfig(
            threat_lists=tmp_path / "threats.lists",
            known_sites=tmp_path / "sites.known",
            listen="127.0.0.1:0",
            lmtp_listen="127.0.0.1:0",
            next_hop=inside.url,
            authserv_ids=("mx.guarded.example",),
            trust=trust,
        )
        running = await gateway(sent_to, policy, protection=protection)
        client = await running.client(listener)
        await client.begin("LHLO mx" if "lmtp" in listener else "EHLO mx")
        return Filter(running, inside, client)

    return starting


def tokens(mail: bytes) -> list[LinkToken]:
    found = [open_token(RING, token.decode()) for token in OURS.findall(mail)]
    return [token for token in found if isinstance(token, LinkToken)]


async def test_each_mailbox_gets_links_of_its_own_and_the_record_names_them(start: Any) -> None:
    filter_ = await start(guarded())
    assert await filter_.send(HTML, ANN, BEN) == ["250 2.0.0 queued as 2"]
    for (to, mail), address, index in zip(filter_.received, (ANN, BEN), (0, 1), strict=True):
        (token,) = tokens(mail)
        assert to == (address,)
        assert (token.url, token.protected, token.domain_id) == (URL, True, 7)
        assert (token.recipient_index, token.recipient_key) == (index, RING.recipient_key(address))
        assert mail.startswith(b"X-Backstamp-Protection: protect; links=1\r\n")
        assert b"<img" not in mail
    (queued,) = filter_.running.queued
    assert (queued.direction, queued.origin, queued.domain_id) == (Direction.INBOUND, Origin.FILTER, 7)
    assert [link.url for link in queued.tracked_links] == [URL]
    assert [r.address for r in queued.recipients] == [ANN, BEN]
    assert [d.type for d in filter_.running.deliveries] == [EventType.SENT] * 2


async def test_what_one_mta_sends_through_us_and_then_receives_is_not_taken_for_a_retry(
    start: Any, next_hop: StartNextHop
) -> None:
    """The first way still waits for one recipient, and knows that the other has it."""
    out = await next_hop(script={f"END {BEN}": "450 4.2.0 later"})
    filter_ = await start(guarded(), sent_to=out.url)
    sent = await filter_.running.client()
    await sent.begin("EHLO mx")
    assert await sent.send_mail(HTML + b".\r\n", ANN, BEN) == ["450 4.2.0 later"]
    assert [mail.rcpts for mail in out.accepted] == [[f"RCPT TO:<{ANN}>"]]
    assert await filter_.send(HTML, ANN) == ["250 2.0.0 queued as 1"]
    assert [to for to, _ in filter_.received] == [(ANN,)]


async def test_both_kinds_of_recipients_in_one_transaction_get_what_their_domains_say(start: Any) -> None:
    filter_ = await start(guarded())
    await filter_.send(HTML, ANN, CAT)
    by_recipient = dict(filter_.received)
    assert len(tokens(by_recipient[(ANN,)])) == 1
    assert by_recipient[(CAT,)] == HTML
    (queued,) = filter_.running.queued
    assert [r.address for r in queued.recipients] == [ANN]


async def test_mail_for_a_domain_that_is_off_goes_on_as_it_came_and_leaves_no_record(start: Any) -> None:
    filter_ = await start(guarded())
    await filter_.send(HTML, CAT)
    assert filter_.received == [((CAT,), HTML)]
    assert filter_.running.records() == []


async def test_observed_mail_is_judged_and_not_rewritten(start: Any, tmp_path: Any) -> None:
    list_bad(tmp_path)
    filter_ = await start(guarded(ProtectionMode.OBSERVE))
    await filter_.send(HTML, ANN, BEN)
    marks = (
        b"X-Backstamp-Protection: observe; links=1\r\n"
        b'X-Backstamp-Threat: phishing; list="urlhaus"; link=1\r\n'
    )
    assert filter_.received == [((ANN, BEN), marks + HTML)]
    (queued,) = filter_.running.queued
    assert (queued.protection, queued.links) == ("observe", False)
    assert [(f.number, f.threat) for f in queued.findings] == [(1, ThreatType.PHISHING)]
    assert [link.url for link in queued.tracked_links] == [URL]


async def test_a_mailbox_that_opted_out_is_left_alone(start: Any) -> None:
    filter_ = await start(guarded(opted_out=frozenset({RING.recipient_key(BEN)})))
    await filter_.send(HTML, ANN, BEN)
    assert dict(filter_.received)[(BEN,)] == HTML
    assert len(tokens(dict(filter_.received)[(ANN,)])) == 1


@pytest.mark.parametrize(
    ("vouched", "trusted"),
    [
        (b"Authentication-Results: mx.guarded.example; dmarc=pass header.from=example.org\r\n", True),
        (
            b"Authentication-Results: mx.guarded.example 1; dkim=pass (2048 bit) header.d=example.org\r\n",
            True,
        ),
        (b"Authentication-Results: mx.guarded.example; dmarc=fail header.from=example.org\r\n", False),
        (b"Authentication-Results: mx.guarded.example; dkim=pass header.d=evil.example\r\n", False),
        (b"Authentication-Results: mx.evil.example; dmarc=pass header.from=example.org\r\n", False),
        (b"", False),
    ],
)
async def test_a_trusted_sender_counts_only_where_our_own_mta_vouches_for_it(
    start: Any, vouched: bytes, trusted: bool
) -> None:
    filter_ = await start(guarded(trusted_senders=frozenset({"example.org"})))
    await filter_.send(vouched + HTML, ANN)
    assert (filter_.received == [((ANN,), vouched + HTML)]) is trusted
    assert vouched in filter_.received[0][1]


async def test_links_to_a_trusted_host_stay_as_they_are(start: Any) -> None:
    filter_ = await start(guarded(trusted_hosts=("example.com",)))
    await filter_.send(HTML, ANN)
    assert filter_.received[0][1] == b"X-Backstamp-Protection: protect; links=0\r\n" + HTML


@pytest.mark.parametrize(
    "forged", [b"X-Backstamp-Protection: protect; links=0\r\n", b"x-backstamp-threat: none\r\n"]
)
async def test_a_strangers_verdict_fields_are_taken_out(start: Any, forged: bytes) -> None:
    filter_ = await start(guarded(ProtectionMode.OBSERVE))
    await filter_.send(forged + HTML, ANN)
    assert filter_.received[0][1] == b"X-Backstamp-Protection: observe; links=1\r\n" + HTML


async def test_the_authors_wishes_about_tracking_have_no_say(start: Any) -> None:
    filter_ = await start(guarded())
    await filter_.send(b"X-Backstamp-Links: off\r\n" + HTML, ANN)
    assert len(tokens(filter_.received[0][1])) == 1


@pytest.mark.parametrize(
    ("how", "reply"),
    [
        (OnUnprotected.MARK, "250 2.0.0 queued as 1"),
        (OnUnprotected.DEFER, "451 4.7.1 The links of this message cannot be checked now, try again later"),
        (OnUnprotected.REFUSE, "550 5.7.1 This domain refuses mail with links that cannot be checked"),
    ],
)
@pytest.mark.parametrize("mail", [SIGNED, FORM])
async def test_links_that_cannot_be_guarded_go_by_the_domains_policy(
    start: Any, how: OnUnprotected, reply: str, mail: bytes
) -> None:
    filter_ = await start(guarded(on_unprotected=how))
    assert await filter_.send(mail, ANN) == [reply]
    if how is OnUnprotected.MARK:
        ((_, got),) = filter_.received
        assert re.match(rb"X-Backstamp-Protection: protect; links=\d; unprotected=(signed|form)\r\n", got)
        # A form is one link of many; a signed message is one that nobody looked into.
        assert (b"\r\nSubject: [links not checked]" in got) is (mail is SIGNED)
        assert filter_.running.queued[0].unprotected in (("signed",), ("form",))
    else:
        assert filter_.hop.accepted == []


async def test_what_costs_too_much_is_put_off_and_never_let_through_unmarked(start: Any) -> None:
    costly = HTML.replace(b"<body>", b"<body>" + b"<b a=i>" * 900 + b"<p>x" * 20000)
    marked = await start(guarded())
    assert await marked.send(costly, ANN) == ["250 2.0.0 queued as 1"]
    assert b"; unprotected=too_costly\r\n" in marked.received[0][1][:100]
    refused = await start(guarded(on_unprotected=OnUnprotected.DEFER))
    assert (await refused.send(costly, ANN))[0].startswith("451 4.7.1 ")


def list_bad(folder: Any, url: str = URL) -> None:
    hashes = [digest for _, digest in full_hashes(url)][:1]
    publish_lists(folder / "threats.lists", [SourceEntries(Source("urlhaus", ThreatType.PHISHING), hashes)])


@pytest.mark.parametrize("how", list(OnKnownBad))
async def test_a_known_bad_link_is_recorded_and_told_of_as_the_policy_says(
    start: Any, tmp_path: Any, how: OnKnownBad
) -> None:
    list_bad(tmp_path)
    filter_ = await start(guarded(on_known_bad=how))
    replies = await filter_.send(HTML, ANN, CAT)
    (queued,) = filter_.running.queued
    assert [(f.source, f.threat) for f in queued.findings] == [("urlhaus", ThreatType.PHISHING)]
    mails = dict(filter_.received)
    assert mails[(CAT,)] == HTML
    if how is OnKnownBad.REFUSE:
        assert (ANN,) not in mails
        # The sender is one of ours here, and is told who was refused.
        assert replies[0].startswith("250 ")
        assert b"550 5.7.1 A link of this message is known to be dangerous" in mails[("ann@example.org",)]
        return
    field = b'X-Backstamp-Threat: phishing; list="urlhaus"; link=1\r\n'
    assert (field in mails[(ANN,)]) is (how is not OnKnownBad.LOG)
    assert (b"\r\nSubject: [dangerous link] offer\r\n" in mails[(ANN,)]) is (how is OnKnownBad.SUBJECT)


async def test_a_listed_target_inside_another_vendors_wrapper_is_found(start: Any, tmp_path: Any) -> None:
    list_bad(tmp_path)
    wrapped = b"https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.example.com%2Foffer&amp;data=1"
    filter_ = await start(guarded())
    await filter_.send(HTML.replace(URL.encode(), wrapped), ANN)
    assert [f.threat for f in filter_.running.queued[0].findings] == [ThreatType.PHISHING]


UNCHANGED = {
    "signed": SIGNED,
    "amp": HTML.replace(b"text/html", b"text/x-amp-html"),
    "calendar_link": HTML[: HTML.index(b"MIME")] + b"Content-Type: text/calendar\r\n\r\n"
    b"BEGIN:VCALENDAR\r\nDESCRIPTION:https://www.exam\r\n ple.com/offer\r\nEND:VCALENDAR\r\n",
    "other_scheme": HTML.replace(URL.encode(), b"microsoft-edge:" + URL.encode()),
    "shown_attachment": HTML.replace(b"MIME", b"Content-Disposition: attachment; filename=a.html\r\nMIME"),
}


@pytest.mark.parametrize("reason", UNCHANGED)
async def test_a_known_bad_link_in_what_is_left_alone_is_found(
    start: Any, tmp_path: Path, reason: str
) -> None:
    list_bad(tmp_path)
    filter_ = await start(guarded())
    await filter_.send(UNCHANGED[reason], ANN)
    (queued,) = filter_.running.queued
    assert queued.unprotected == (reason,)
    assert [(link.number, link.url) for link in queued.tracked_links] == [(1, URL)]
    assert [(f.number, f.threat) for f in queued.findings] == [(1, ThreatType.PHISHING)]
    ((_, got),) = filter_.received
    fields = f"protect; links=0; unprotected={reason}\r\nX-Backstamp-Threat: phishing;"
    assert got.startswith(f"X-Backstamp-Protection: {fields}".encode())
    # Such a message was looked into: it is single links that are not guarded, by their kind.
    assert (b"[links not checked]" in got) is (reason not in ("calendar_link", "other_scheme"))
    assert got[got.index(b"\r\n\r\n") :] == UNCHANGED[reason][UNCHANGED[reason].index(b"\r\n\r\n") :]


async def test_a_known_bad_host_of_a_share_of_windows_is_found(start: Any, tmp_path: Path) -> None:
    list_bad(tmp_path)
    filter_ = await start(guarded())
    await filter_.send(HTML.replace(URL.encode(), b"\\\\www.example.com@SSL\\offer"), ANN)
    (queued,) = filter_.running.queued
    assert queued.unprotected == ("host_without_scheme",)
    assert [f.threat for f in queued.findings] == [ThreatType.PHISHING, ThreatType.SUSPICIOUS]
    assert queued.findings[1].reason == "foreign_share"


async def test_a_known_bad_address_of_the_header_is_found_and_the_mail_counts_as_guarded(
    start: Any, tmp_path: Path
) -> None:
    list_bad(tmp_path)
    filter_ = await start(guarded())
    await filter_.send(b"List-Unsubscribe: <" + URL.encode() + b">\r\nSubject: x\r\n\r\nno links\r\n", ANN)
    (queued,) = filter_.running.queued
    assert queued.unprotected == ()
    assert [f.threat for f in queued.findings] == [ThreatType.PHISHING]


async def test_links_of_mail_whose_signature_holds_are_judged_too(start: Any, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    authority = Authority(tmp_path)
    signed = signed_message(authority.signature("ann@example.org", SIGNED_CONTENT))
    list_bad(tmp_path, "https://www.example.com/")
    filter_ = await start(
        guarded(on_unprotected=OnUnprotected.REFUSE), trust=Trust(smime_ca=str(authority.path))
    )
    assert await filter_.send(signed, ANN) == ["250 2.0.0 queued as 1"]
    (queued,) = filter_.running.queued
    assert queued.unprotected == ()
    assert [f.threat for f in queued.findings] == [ThreatType.PHISHING]
    await (refusing := await start(guarded(on_known_bad=OnKnownBad.REFUSE))).send(signed, ANN)
    assert all(to != (ANN,) for to, _ in refusing.received)


@pytest.mark.parametrize(
    ("scope", "counts"), [("", True), ("guarded.example", True), ("other.example", False)]
)
async def test_own_lists_count_for_those_whose_they_are(start: Any, scope: str, counts: bool) -> None:
    own = OwnList(blocked=frozenset({full_hash("example.com/")[:8]}))
    filter_ = await start(guarded(own_lists={scope: own}))
    await filter_.send(HTML, ANN)
    found = [(f.threat, f.source) for f in filter_.running.queued[0].findings]
    assert found == ([(ThreatType.FORBIDDEN, "own list")] if counts else [])


@pytest.mark.parametrize("whose", [ANN, BEN])
async def test_what_the_list_of_one_of_several_mailboxes_says_is_recorded(start: Any, whose: str) -> None:
    own = OwnList(blocked=frozenset({full_hash("example.com/")[:8]}))
    filter_ = await start(guarded(own_lists={RING.recipient_key(whose).hex(): own}))
    await filter_.send(HTML, ANN, BEN)
    (queued,) = filter_.running.queued
    (link,) = queued.tracked_links
    assert [(f.number, f.threat, f.source) for f in queued.findings] == [
        (link.number, ThreatType.FORBIDDEN, "own list")
    ]


@pytest.mark.parametrize("trusting", ["guarded.example", "other.example"])
@pytest.mark.parametrize("trusted", ["www.example.com", "second.example", "form.example"])
async def test_a_link_has_one_number_in_all_copies_whatever_hosts_their_domains_trust(
    start: Any, tmp_path: Path, trusting: str, trusted: str
) -> None:
    links = b'<a href="https://second.example/x">y</a><form action="https://form.example/"><input></form>'
    policies = {
        name: DomainPolicy(
            domain_id=number,
            name=name,
            protection=Protection(
                mode=ProtectionMode.PROTECT, trusted_hosts=(trusted,) if name == trusting else ()
            ),
        )
        for number, name in ((7, "guarded.example"), (8, "other.example"))
    }
    list_bad(tmp_path, "https://second.example/x")
    filter_ = await start(snapshot(domains=policies, guards=True))
    await filter_.send(HTML.replace(b"</body>", links + b"</body>"), ANN, CAT)
    (queued,) = filter_.running.queued
    named = {link.number: link.url for link in queued.tracked_links}
    assert named == {1: URL, 2: "https://second.example/x", 3: "https://form.example/"}
    sealed = [(token.link_number, token.url) for _, mail in filter_.received for token in tokens(mail)]
    assert len(sealed) == (4 if trusted == "form.example" else 3)
    assert all(named[number] == url for number, url in sealed)
    assert {finding.number for finding in queued.findings} == {2}


async def test_a_suspicious_link_is_sealed_as_doubtful(start: Any) -> None:
    filter_ = await start(guarded())
    await filter_.send(HTML.replace(URL.encode(), b"https://paypal.com@evil.example/"), ANN)
    (token,) = tokens(filter_.received[0][1])
    assert token.doubtful
    assert {f.threat for f in filter_.running.queued[0].findings} == {ThreatType.SUSPICIOUS}


def guarded_link(url: str = URL, key: bytes = b"somebody", *, protected: bool = True) -> bytes:
    token = seal_link(
        RING,
        domain_id=7,
        tracking_id=1,
        recipient_index=5,
        link_number=1,
        url=url,
        protected=protected,
        recipient_key=key,
    )
    return f"{TRACKING_URL}/{token}".encode()


async def test_a_link_that_names_somebody_else_is_sealed_anew_and_never_twice(start: Any) -> None:
    filter_ = await start(guarded())
    await filter_.send(HTML.replace(URL.encode(), guarded_link()), ANN)
    (token,) = tokens(filter_.received[0][1])
    assert (token.url, token.recipient_key) == (URL, RING.recipient_key(ANN))


async def test_links_of_sent_mail_are_never_wrapped(start: Any) -> None:
    filter_ = await start(guarded())
    mail = HTML.replace(URL.encode(), guarded_link(protected=False))
    await filter_.send(mail, ANN)
    assert filter_.received[0][1] == b"X-Backstamp-Protection: protect; links=0\r\n" + mail


async def test_mail_that_goes_out_leads_to_the_targets_again(start: Any) -> None:
    filter_ = await start(guarded())
    text = b"From: ann@guarded.example\r\nSubject: Re\r\n\r\n> see %b here\r\n"
    await filter_.send(HTML.replace(URL.encode(), guarded_link()), CAT)
    await filter_.send(text % guarded_link(), CAT)
    assert [mail for _, mail in filter_.received] == [HTML, text % URL.encode()]
    assert filter_.running.records() == []


@pytest.mark.parametrize("spelled", [b"http", b"HTTPS"])
async def test_a_link_of_ours_is_known_though_a_program_has_changed_its_scheme(
    start: Any, spelled: bytes
) -> None:
    filter_ = await start(guarded())
    link = guarded_link().replace(TRACKING_URL.partition(":")[0].encode(), spelled, 1)
    text = b"From: ann@guarded.example\r\nSubject: Re\r\n\r\n> see %b here\r\n"
    await filter_.send(text % link, CAT)
    assert filter_.received[0][1] == text % URL.encode()
    await filter_.send(HTML.replace(URL.encode(), link), ANN)
    (token,) = tokens(filter_.received[1][1])
    assert (token.url, token.recipient_key) == (URL, RING.recipient_key(ANN))


async def test_what_was_guarded_twice_leads_to_the_target_again(start: Any) -> None:
    filter_ = await start(guarded())
    text = b"From: ann@guarded.example\r\nSubject: Re\r\n\r\n> see %b here\r\n"
    await filter_.send(text % guarded_link(guarded_link().decode()), CAT)
    assert filter_.received[0][1] == text % URL.encode()


async def test_sent_mail_leads_to_the_targets_again_too(
    gateway: StartGateway, next_hop: StartNextHop
) -> None:
    hop = await next_hop()
    policy = guarded()
    running = await gateway(hop, policy)
    client = await running.client()
    await client.begin()
    off = b"X-Backstamp-Opens: off\r\nX-Backstamp-Links: off\r\n"
    await client.send_mail(off + HTML.replace(URL.encode(), guarded_link()) + b".\r\n", CAT)
    assert TRACE.sub(b"", hop.accepted[0].data, count=1) == HTML


@pytest.mark.parametrize("listener", ["protection.listen", "protection.lmtp_listen"])
async def test_a_bare_cr_becomes_a_blank_where_a_refusal_would_send_accepted_mail_back(
    start: Any, listener: str
) -> None:
    filter_ = await start(guarded(), listener=listener)
    mail = HTML.replace(b"\r\n\r\n", b"\r\n\r\n<p>a\rb\r\n.\r\r\n..\r.\r\n\rMAIL FROM:<x>\r\n", 1)
    for to in (ANN, CAT):
        (answer,) = await filter_.send(mail, to)
        assert answer.startswith("250")
    for _, got in filter_.received:
        assert b"\r\n\r\n<p>a b\r\n \r\n. .\r\n MAIL FROM:<x>\r\n" in got
        assert got.count(b"\r") == got.count(b"\n") == got.count(b"\r\n")
    assert len(filter_.received) == 2
    (refused,) = await filter_.send(HTML.replace(b"<a", b"\n<a"), ANN)
    assert refused.startswith("550 5.6.0")


async def test_without_any_policy_the_mail_waits(start: Any) -> None:
    filter_ = await start(None)
    assert (await filter_.send(HTML, ANN))[0].startswith("451 4.3.0 The link protection has no policy yet")
    assert filter_.hop.accepted == []


async def test_what_cannot_be_recorded_is_not_guarded_and_goes_by_the_policy(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    filter_ = await start(guarded())

    def full(*_: object) -> None:
        raise JournalUnavailableError("disk full")

    monkeypatch.setattr(filter_.running.journal, "append_telling", full)
    monkeypatch.setattr(filter_.running.journal, "append", full)
    assert await filter_.send(HTML, ANN) == ["250 2.0.0 queued as 1"]
    ((_, got),) = filter_.received
    assert tokens(got) == []
    assert got.startswith(b"X-Backstamp-Protection: protect; links=0; unprotected=failed\r\n")
    assert b"Subject: [links not checked] offer\r\n" in got


async def test_by_lmtp_each_recipient_hears_their_own_fate(start: Any, tmp_path: Any) -> None:
    list_bad(tmp_path)
    filter_ = await start(guarded(on_known_bad=OnKnownBad.REFUSE), listener="protection.lmtp_listen")
    replies = await filter_.client.send_mail(HTML + b".\r\n", ANN, CAT, replies=2)
    assert replies == ["550 5.7.1 A link of this message is known to be dangerous", "250 2.0.0 queued as 1"]


async def test_the_only_copy_goes_in_the_transaction_that_stands(start: Any) -> None:
    filter_ = await start(guarded())
    await filter_.client.say(f"MAIL FROM:<eve@example.org> SIZE={len(HTML)}")
    await filter_.client.say(f"RCPT TO:<{ANN}>")
    assert await filter_.client.data(HTML + b".\r\n") == ["250 2.0.0 queued as 1"]
    ((to, mail),) = filter_.received
    assert to == (ANN,)
    assert len(tokens(mail)) == 1
    assert filter_.hop.commands[1:] == ["MAIL FROM:<eve@example.org>", f"RCPT TO:<{ANN}>", "DATA"]


async def test_a_host_that_is_new_here_adds_to_what_its_looks_give_away(start: Any, tmp_path: Path) -> None:
    publish_sites(tmp_path / "sites.known", ["example.com"])
    filter_ = await start(guarded())
    for url in (b"http://93.184.216.34:81/", b"https://www.example.com/"):
        await filter_.send(HTML.replace(URL.encode(), url), ANN)
    first, second = filter_.running.queued
    assert "new_host" in {finding.reason for finding in first.findings}
    assert second.findings == ()


async def test_a_spelling_that_hides_the_host_is_seen_as_it_was_written(start: Any) -> None:
    filter_ = await start(guarded())
    await filter_.send(HTML.replace(URL.encode(), b"https://ev%69l.example/"), ANN)
    (token,) = tokens(filter_.received[0][1])
    assert (token.url, token.doubtful) == ("https://evil.example/", True)
    assert "disguised_host" in {finding.reason for finding in filter_.running.queued[0].findings}


async def test_a_host_on_two_lines_of_quoted_printable_is_found(start: Any) -> None:
    filter_ = await start(guarded())
    link = guarded_link()
    at = len(b"https://t.exa")
    mail = (
        b"From: ann@guarded.example\r\nSubject: Re\r\nContent-Type: text/html\r\n"
        b'Content-Transfer-Encoding: quoted-printable\r\n\r\n<a href=3D"%b=\r\n%b">x</a>\r\n'
    ) % (link[:at], link[at : at + 40] + b"=\r\n" + link[at + 40 :])
    await filter_.send(mail, CAT)
    ((_, got),) = filter_.received
    assert TRACKING_URL.encode() not in got.replace(b"=\r\n", b"")
    assert URL.encode() in got.replace(b"=\r\n", b"")


@pytest.mark.parametrize(
    "to",
    [
        "ann@GUARDED.example",
        "ann@guarded.example.",
        "ann%guarded.example",
        '"ann@guarded.example"@mx.example',
    ],
)
async def test_however_a_mailbox_is_spelled_it_is_guarded(start: Any, to: str) -> None:
    filter_ = await start(guarded())
    assert (await filter_.send(HTML, to))[0].startswith("250 ")
    (token,) = tokens(filter_.received[0][1])
    assert token.recipient_key == RING.recipient_key(ANN)
    (queued,) = filter_.running.queued
    assert [each.address.lower().rstrip(".") for each in queued.recipients] == [ANN]
    assert filter_.received[0][0] == (to,), "the next hop reads it as the client wrote it"


async def test_mail_for_an_address_without_a_domain_goes_by_the_strictest_policy(start: Any) -> None:
    filter_ = await start(guarded())
    await filter_.send(HTML, "postmaster")
    assert [token.domain_id for token in tokens(filter_.received[0][1])] == [7]


@pytest.mark.parametrize(
    "spelled", [b"https://t&#46;example.org/%b", b"HTTPS://T.EXAMPLE.ORG/%b", b"https://t.example.org/./%b#x"]
)
async def test_however_a_link_of_ours_is_spelled_it_names_its_reader(start: Any, spelled: bytes) -> None:
    filter_ = await start(guarded())
    somebodys = guarded_link().rpartition(b"/")[2]
    await filter_.send(HTML.replace(URL.encode(), spelled % somebodys), ANN)
    (token,) = tokens(filter_.received[0][1])
    assert (token.url, token.recipient_key) == (URL, RING.recipient_key(ANN))
    assert somebodys not in filter_.received[0][1]


async def test_mail_that_is_put_off_is_recorded_whole_when_it_comes_again(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    filter_ = await start(guarded(on_unprotected=OnUnprotected.DEFER))
    protector = filter_.running.gateway._about.transactions.protector

    async def busy(request: object, raw: bytes, party: object) -> object:
        raise BusyError

    with monkeypatch.context() as patch:
        patch.setattr(protector.rewriter, "protect", busy)
        assert (await filter_.send(HTML, ANN))[0].startswith("451 4.7.1 ")
    assert filter_.running.records() == []
    assert (await filter_.send(HTML, ANN))[0].startswith("250 ")
    (queued,) = filter_.running.queued
    assert [link.url for link in queued.tracked_links] == [URL]


async def test_a_record_that_is_too_large_is_made_smaller(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    filter_ = await start(guarded())
    journal = filter_.running.journal
    append, tried = journal.append_telling, []

    def choosy(record: Queued, tell: Any) -> None:
        tried.append((bool(record.manifest), len(record.tracked_links)))
        if record.manifest:
            raise RecordTooLargeError("too large")
        append(record, tell)

    monkeypatch.setattr(journal, "append_telling", choosy)
    assert (await filter_.send(HTML, ANN))[0].startswith("250 ")
    assert tried == [(True, 1), (False, 1)]
    assert len(tokens(filter_.received[0][1])) == 1
    assert [link.url for link in filter_.running.queued[0].tracked_links] == [URL]


def group(**changes: Any) -> Group:
    own_lists = changes.pop("own_lists", ())
    mode = changes.pop("mode", ProtectionMode.PROTECT)
    places = changes.pop("places", [0])
    domain = DomainPolicy(domain_id=1, name="x.example", protection=Protection(mode=mode, **changes))
    made = Group.of(Receiving(domain, mode), own_lists)
    made.places = places
    return made


def test_for_all_together_the_strictest_of_their_policies_holds() -> None:
    bad, good = frozenset({b"bad"}), frozenset({b"good"})
    lax = group(trusted_hosts=("a.example", "b.example"), own_lists=(OwnList(allowed=good | bad),))
    strict = group(
        places=[1],
        on_unprotected=OnUnprotected.REFUSE,
        on_known_bad=OnKnownBad.REFUSE,
        trusted_hosts=("b.example",),
        own_lists=(OwnList(allowed=good, blocked=bad),),
    )
    off = group(mode=ProtectionMode.OFF, places=[2])
    for order in permutations((lax, strict, off)):
        everybody = joined(order)
        assert everybody.protection.on_unprotected is OnUnprotected.REFUSE
        assert everybody.protection.on_known_bad is OnKnownBad.REFUSE
        assert everybody.protection.trusted_hosts == ("b.example",)
        assert everybody.own_lists == (OwnList(allowed=good, blocked=bad),)
        assert everybody.places == [0, 1], "of the others nothing is kept"
