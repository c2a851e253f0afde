"""Pixels and links by hand: what is journalled, what is shown, and what the policy forbids."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.test import Client

from backstamp.console.config import ConsoleConfig
from backstamp.journal import JournalReader, JournalWriter
from backstamp.mail.pixel_markup import pixel_markup
from backstamp.manual_tracking import ManualTracking, ManualTrackingError, create_manual, manual_tracking
from backstamp.policy import Axes, Consent, ConsentMode, Consents, ConsentState, DomainPolicy, Snapshot
from backstamp.tokens import ANONYMOUS, Keyring, LinkToken, PixelToken, open_token
from backstamp.vocabulary import Origin, Queued, QueuedLink
from tests.console.seed import link, message, recipient

TRACKING_ID = 0xFEDC_BA98_7654_3210


def make(journal: JournalWriter, ring: Keyring, snapshot: Snapshot | None, **wanted: Any) -> ManualTracking:
    asked: dict[str, Any] = {
        "label": "Proposal",
        "sender": "ada@example.org",
        "recipient": "grace@example.net",
        "urls": ("https://example.com/a?b=1",),
        "now_us": 7,
        "tracking_id": TRACKING_ID,
    }
    return create_manual(journal, ring, snapshot, **(asked | wanted))


def journalled(tmp_path: Path) -> list[Queued]:
    records = [record for _, record in JournalReader(tmp_path / "journal").read({}, 100).records]
    assert all(isinstance(record, Queued) for record in records)
    return [record for record in records if isinstance(record, Queued)]


def token_of(url: str, ring: Keyring) -> PixelToken | LinkToken | None:
    base, _, token = url.rpartition("/")
    assert base == "https://t.example.org"
    return open_token(ring, token)


def test_the_pixel_and_the_links_say_what_was_journalled(
    journal: JournalWriter, ring: Keyring, snapshot: Snapshot, tmp_path: Path
) -> None:
    made = make(journal, ring, snapshot)
    (queued,) = journalled(tmp_path)
    key = ring.recipient_key("grace@example.net")
    assert token_of(made.pixel_url, ring) == PixelToken(1, 0, TRACKING_ID, key)
    (tracked,) = made.links
    assert token_of(tracked.tracked_url, ring) == LinkToken(
        1, 0, TRACKING_ID, 0, 0, "https://example.com/a?b=1"
    )
    assert queued.origin is Origin.MANUAL
    assert (queued.opens, queued.links) == (True, True)
    assert queued.recipients[0].recipient_key == key
    assert queued.tracked_links == (QueuedLink(0, "https://example.com/a?b=1"),)
    assert manual_tracking(ring, snapshot, queued) == made


def test_without_a_recipient_the_tokens_name_nobody(
    journal: JournalWriter, ring: Keyring, snapshot: Snapshot, tmp_path: Path
) -> None:
    made = make(journal, ring, snapshot, recipient="")
    assert token_of(made.pixel_url, ring) == PixelToken(1, 0, TRACKING_ID, ANONYMOUS)
    opened = token_of(made.links[0].tracked_url, ring)
    assert isinstance(opened, LinkToken)
    assert opened.recipient_index is None
    assert journalled(tmp_path)[0].recipients == ()


@pytest.mark.parametrize("whole", [True, False])
def test_anonymous_mode_seals_no_recipient(
    journal: JournalWriter, ring: Keyring, snapshot: Snapshot, whole: bool
) -> None:
    domain = DomainPolicy(domain_id=9, name="example.org", anonymous=not whole)
    policy = msgspec.structs.replace(snapshot, anonymous=whole, domains={"example.org": domain})
    made = make(journal, ring, policy)
    assert token_of(made.pixel_url, ring) == PixelToken(1, 9, TRACKING_ID, ANONYMOUS)
    opened = token_of(made.links[0].tracked_url, ring)
    assert isinstance(opened, LinkToken)
    assert opened.recipient_index is None


def test_the_senders_domain_decides_the_host(
    journal: JournalWriter, ring: Keyring, snapshot: Snapshot
) -> None:
    domain = DomainPolicy(domain_id=9, name="example.org", tracking_url="https://go.example.org/")
    made = make(journal, ring, msgspec.structs.replace(snapshot, domains={"example.org": domain}))
    assert made.pixel_url.startswith("https://go.example.org/")
    assert made.pixel_html == pixel_markup(made.pixel_url)


def refusals(snapshot: Snapshot, ring: Keyring) -> list[tuple[Snapshot | None, str]]:
    withdrawn = {
        ring.recipient_key("grace@example.net"): Consent(ConsentState.WITHDRAWN, ConsentState.WITHDRAWN)
    }
    change = msgspec.structs.replace
    return [
        (None, "the policy could not be read"),
        (change(snapshot, enabled=False), "switched off for the whole installation"),
        (change(snapshot, consent_mode=ConsentMode.REQUIRED), "has not consented"),
        (change(snapshot, consents=Consents.said(withdrawn)), "has withdrawn consent"),
        (
            change(snapshot, senders={"ada@example.org": Axes(opens=False, links=False)}),
            "off for this sender",
        ),
    ]


@pytest.mark.parametrize("number", range(5))
def test_what_the_policy_forbids_is_not_made_and_not_journalled(
    journal: JournalWriter, ring: Keyring, snapshot: Snapshot, tmp_path: Path, number: int
) -> None:
    policy, why = refusals(snapshot, ring)[number]
    with pytest.raises(ManualTrackingError, match=why):
        make(journal, ring, policy)
    assert journalled(tmp_path) == []


def test_one_axis_may_be_forbidden_and_the_other_not(
    journal: JournalWriter, ring: Keyring, snapshot: Snapshot, tmp_path: Path
) -> None:
    policy = msgspec.structs.replace(snapshot, senders={"ada@example.org": Axes(opens=False)})
    made = make(journal, ring, policy)
    assert (made.pixel_url, made.pixel_html, len(made.links)) == ("", "", 1)
    assert (journalled(tmp_path)[0].opens, journalled(tmp_path)[0].links) == (False, True)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"label": "  "}, "give the mail a name"),
        ({"urls": ("ftp://example.com/",)}, "only http and https"),
        ({"urls": ("javascript:alert(1)",)}, "only http and https"),
        ({"urls": ("example.com",)}, "not a web address"),
        ({"urls": ("https://example.com/" + "a" * 20_000,)}, "link 1: .* allowed are"),
        ({"urls": ("https://example.com/",) * 101}, "at most 100"),
    ],
)
def test_what_cannot_be_made_is_said_in_one_line(
    journal: JournalWriter,
    ring: Keyring,
    snapshot: Snapshot,
    tmp_path: Path,
    wanted: dict[str, Any],
    why: str,
) -> None:
    with pytest.raises(ManualTrackingError, match=why) as raised:
        make(journal, ring, snapshot, **wanted)
    assert "\n" not in str(raised.value)
    assert journalled(tmp_path) == []


def test_the_form_journals_and_its_page_waits_for_the_worker(admin: Client, tmp_path: Path) -> None:
    answer = admin.post(
        "/pixel/", {"label": "Proposal", "recipient": "grace@example.net", "urls": "https://example.com/a\n"}
    )
    (queued,) = journalled(tmp_path)
    assert answer.headers["Location"] == f"/pixel/{queued.tracking_id:016x}/"
    assert queued.subject == "Proposal"
    assert queued.sender == "ada@example.org"
    assert "the worker is recording it" in admin.get(answer.headers["Location"]).text


def test_nobody_elses_pixel_page_waits(admin: Client) -> None:
    assert admin.get("/pixel/00000000000000aa/").status_code == 404


def test_once_recorded_the_page_shows_pixel_and_links(
    admin: Client, config: ConsoleConfig, ring: Keyring
) -> None:
    letter = message(5, origin=Origin.MANUAL, domain_id=0, subject="Proposal")
    recipient(letter, recipient_key=ring.recipient_key("grace@example.net"))
    link(letter, 0, url="https://example.com/a?b=1")
    shown = admin.get("/pixel/9000000000000005/").text
    urls = re.findall(r"https://t\.example\.org/[A-Za-z0-9_-]+", shown)
    opened = [token_of(url, ring) for url in dict.fromkeys(urls)]
    tracking_id = 0x9000_0000_0000_0005
    assert opened == [
        PixelToken(1, 0, tracking_id, ring.recipient_key("grace@example.net")),
        LinkToken(1, 0, tracking_id, 0, 0, "https://example.com/a?b=1"),
    ]
    # The pixel is shown as words to copy: loading it here would be recorded.
    assert "&lt;img src=" in shown
    assert 'src="https://t.example.org' not in shown


def test_a_message_of_the_gateway_has_no_pixel_page(admin: Client) -> None:
    message(5)
    assert admin.get("/pixel/9000000000000005/").status_code == 404


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", "“Quotes” & more"])
def test_the_name_of_a_mail_is_no_markup(admin: Client, label: str) -> None:
    message(5, origin=Origin.MANUAL, subject=label)
    assert "<script>alert" not in admin.get("/pixel/9000000000000005/").text


def test_a_wrong_link_is_said_at_the_form(admin: Client, tmp_path: Path) -> None:
    answer = admin.post("/pixel/", {"label": "Proposal", "urls": "<b>nonsense"})
    assert "No pixel was made: not a web address: &#x27;&lt;b&gt;nonsense&#x27;." in answer.text
    assert journalled(tmp_path) == []
