"""The certain rules, one sentence each, and their order."""

import msgspec
import pytest

from backstamp.verdicts import Certainty, Context, SignalName, facts_of, verdict
from backstamp.verdicts.networks import NOT_SEEN
from backstamp.vocabulary import Actor, ClickAction, Hit, HitKind
from tests.verdicts.hits import (
    BROWSER_CLICK,
    BROWSER_OPEN,
    CHROME,
    GMAIL_PREFETCH,
    GMAIL_PROXY,
    MAC_MAIL,
    OUTLOOK,
    clicked,
    opened,
)


@pytest.mark.parametrize(
    ("context", "signal"),
    [
        (Context(before_sent=True), SignalName.BEFORE_SENT),
        (Context(message_state="draft"), SignalName.BEFORE_SENT),
        (Context(sender_cookie=True), SignalName.SENDER_COOKIE),
        (Context(self_view_announced_seconds_before=1.2), SignalName.SELF_VIEW_ANNOUNCED),
        (
            Context(same_source_as_sender_session=True, same_user_agent_as_sender_session=True),
            SignalName.SENDER_SESSION,
        ),
    ],
)
def test_the_senders_own_view_is_no_recipients(context: Context, signal: SignalName) -> None:
    for found in (opened(BROWSER_OPEN, context), opened(GMAIL_PROXY, context, network="google_image_proxy")):
        assert (found.actor, found.reasons[0].signal, found.score) == (Actor.SELF, signal, 0.0)


def test_an_announcement_longer_ago_than_five_seconds_is_used_up() -> None:
    context = Context(self_view_announced_seconds_before=5.1)
    assert opened(BROWSER_OPEN, context).actor is Actor.HUMAN


def test_the_senders_address_alone_does_not_make_an_own_view() -> None:
    context = Context(same_source_as_sender_session=True, same_user_agent_as_sender_session=False)
    assert opened(BROWSER_OPEN, context).actor is Actor.HUMAN


def test_the_senders_program_at_another_address_does_not_make_an_own_view() -> None:
    for more in ({"same_user_agent_as_sender_session": True}, {"tracked_copy_in_sent_folder": True}):
        assert opened(BROWSER_OPEN, Context(**more)).actor is Actor.HUMAN  # type: ignore[arg-type]


def test_who_calls_itself_gmails_proxy_at_an_address_of_nobody_in_particular_is_unknown() -> None:
    found = opened(GMAIL_PROXY, network="")
    assert (found.actor, found.reasons[0].signal) == (
        Actor.UNKNOWN,
        SignalName.GOOGLE_IMAGE_PROXY_UNVERIFIED,
    )


def test_a_tracked_copy_in_the_senders_mailbox_leaves_it_open_who_looked() -> None:
    context = Context(same_source_as_sender_session=True, tracked_copy_in_sent_folder=True)
    found = opened(OUTLOOK, context)
    assert (found.actor, found.certainty) == (Actor.UNKNOWN, Certainty.UNSURE)


@pytest.mark.parametrize("method", ["HEAD", "head", "OPTIONS", "POST"])
def test_a_request_for_no_content_never_counts(method: str) -> None:
    image = opened(BROWSER_OPEN, method=method)
    link = clicked(BROWSER_CLICK, method=method)
    assert (image.actor, image.counts) == (Actor.PREFETCH, False)
    assert (link.actor, link.counts) == (Actor.SCANNER, False)


def test_who_presses_the_button_of_the_page_before_a_link_is_a_person() -> None:
    sent = Hit(
        at_us=10_000_000,
        kind=HitKind.REDIRECT,
        domain_id=1,
        tracking_id=1,
        method="POST",
        headers=BROWSER_CLICK,
        action=ClickAction.GO_ON,
    )
    found = verdict(facts_of(sent, 1_000_000), Context())
    assert (found.actor, found.counts) == (Actor.HUMAN, True)
    assert SignalName.FORM_SENT in {reason.signal for reason in found.reasons}
    by_curl = msgspec.structs.replace(sent, headers={"user_agent": "curl/8.9.1"})
    assert verdict(facts_of(by_curl, 1_000_000), Context()).actor is Actor.SCANNER
    of_an_image = msgspec.structs.replace(sent, kind=HitKind.PIXEL)
    assert not verdict(facts_of(of_an_image, 1_000_000), Context()).counts


def test_head_before_a_browsers_get_from_the_same_source_is_no_scanner() -> None:
    found = clicked(CHROME, Context(browser_get_same_source_seconds_after=0.6), method="HEAD")
    assert (found.actor, found.counts) == (Actor.UNKNOWN, False)


def test_microsoft_offices_probe_is_nobodys_click() -> None:
    found = clicked("Microsoft Office Existence Discovery", method="HEAD")
    assert (found.actor, found.counts) == (Actor.UNKNOWN, False)


def test_outlook_handing_a_link_to_the_browser_is_not_counted_beside_the_browsers_hit() -> None:
    found = clicked(OUTLOOK, Context(browser_get_same_source_seconds_after=0.4))
    assert (found.actor, found.counts) == (Actor.UNKNOWN, False)
    assert clicked(OUTLOOK).actor is Actor.HUMAN


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sec_purpose", "prefetch"),
        ("sec_purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x_purpose", "preview"),
        ("x_moz", "prefetch"),
    ],
)
def test_a_speculative_fetch_never_counts(name: str, value: str) -> None:
    link = clicked({**BROWSER_CLICK, name: value})
    image = opened({**BROWSER_OPEN, name: value})
    assert (link.actor, link.counts) == (Actor.SCANNER, False)
    assert (image.actor, image.counts) == (Actor.PREFETCH, False)


@pytest.mark.parametrize(
    "user_agent",
    [
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Slack-ImgProxy (+https://api.slack.com/robots)",
        "WhatsApp/2.23.20.0",
        "TelegramBot (like TwitterBot)",
        (
            "Mozilla/5.0 (Macintosh) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 "
            "facebookexternalhit/1.1 Facebot Twitterbot/1.0"
        ),
        "http.rb/2.2.2 (Mastodon/1.5.1; +https://example-masto-instance.org/)",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    ],
)
def test_a_link_preview_is_a_preview_for_links_and_images(user_agent: str) -> None:
    assert clicked(user_agent).actor is Actor.PREVIEW_BOT
    assert opened(user_agent).actor is Actor.PREVIEW_BOT


@pytest.mark.parametrize(
    "user_agent",
    [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Mobile/15E148 [LinkedInApp]"
        ),
        (
            "Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 30) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/149.0.0.0 Mobile Safari/537.36"
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
            "Chrome/149.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A] MetaIAB Facebook"
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Mobile/15E148 Instagram 300.0"
        ),
    ],
)
def test_a_word_of_a_robot_in_a_persons_browser_does_no_harm(user_agent: str) -> None:
    assert clicked({**BROWSER_CLICK, "user_agent": user_agent}).actor is Actor.HUMAN


def test_a_hit_on_the_hidden_link_is_a_machine_whatever_its_header_fields() -> None:
    assert clicked(BROWSER_CLICK, Context(honeypot_link=True)).actor is Actor.SCANNER


def test_a_hidden_link_marks_its_source_for_ten_seconds_only() -> None:
    assert clicked(BROWSER_CLICK, Context(honeypot_same_source_seconds=10.0)).actor is Actor.SCANNER
    assert clicked(BROWSER_CLICK, Context(honeypot_same_source_seconds=10.1)).actor is Actor.HUMAN


def test_a_malformed_token_is_a_machine_whatever_its_header_fields_and_counts_for_nothing() -> None:
    for found, machine in (
        (clicked(BROWSER_CLICK, Context(malformed_token=True)), Actor.SCANNER),
        (opened(BROWSER_OPEN, Context(malformed_token=True)), Actor.PREFETCH),
    ):
        assert (found.actor, found.counts) == (machine, False)
        assert found.reasons[0].signal is SignalName.MALFORMED


def test_a_malformed_token_marks_its_source_for_ten_seconds_only() -> None:
    marked = clicked(BROWSER_CLICK, Context(malformed_token_same_source_seconds=10.0))
    assert (marked.actor, marked.counts) == (Actor.SCANNER, True)
    assert clicked(BROWSER_CLICK, Context(malformed_token_same_source_seconds=10.1)).actor is Actor.HUMAN


def test_nobody_acts_before_delivery_but_clocks_have_a_second_of_play() -> None:
    assert opened(BROWSER_OPEN, seconds_since_delivery=-4).actor is Actor.PREFETCH
    assert clicked(BROWSER_CLICK, Context(before_delivered=True)).actor is Actor.SCANNER
    assert opened(BROWSER_OPEN, seconds_since_delivery=-0.9).actor is Actor.HUMAN


def test_apples_prefetch_is_named_only_from_apples_relay() -> None:
    by_relay = opened("Mozilla/5.0", network="apple_relay")
    elsewhere = opened("Mozilla/5.0", network="")
    assert (by_relay.actor, by_relay.reasons[0].signal) == (Actor.PREFETCH, SignalName.APPLE_PREFETCH)
    assert (elsewhere.actor, elsewhere.reasons[0].signal) == (Actor.PREFETCH, SignalName.BARE_MOZILLA)
    assert "Apple" not in elsewhere.reasons[0].text


def test_gmails_prefetch_is_no_open() -> None:
    assert opened(GMAIL_PREFETCH).actor is Actor.PREFETCH


@pytest.mark.parametrize(
    ("network", "certain_rdns", "actor"),
    [
        ("google_image_proxy", "", Actor.PROXIED_HUMAN),
        ("google_fetchers", "", Actor.PROXIED_HUMAN),
        ("", "google-proxy-66-249-84-66.google.com", Actor.PROXIED_HUMAN),
        ("", "GOOGLE-PROXY-66-249-84-66.google.com.", Actor.PROXIED_HUMAN),
        (NOT_SEEN, "", Actor.PROXIED_HUMAN),
        ("", "", Actor.UNKNOWN),
        ("", "google-proxy-1.google.com.example.org", Actor.UNKNOWN),
        ("hosting", "", Actor.UNKNOWN),
        ("microsoft_eop", "", Actor.PREFETCH),
        ("google_special_crawlers", "", Actor.PREFETCH),
    ],
)
def test_gmails_proxy_is_believed_only_from_googles_fetchers(
    network: str, certain_rdns: str, actor: Actor
) -> None:
    assert opened(GMAIL_PROXY, network=network, certain_rdns=certain_rdns).actor is actor


@pytest.mark.parametrize(
    "user_agent",
    [
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
        "hey.com/imageproxy Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/134.0.0.0",
        "FastmailUA/1.0",
        "SeznamEmailProxy/2.0.158",
    ],
)
def test_another_proxy_means_a_reader_unless_it_comes_at_once(user_agent: str) -> None:
    assert opened(user_agent, seconds_since_delivery=5).actor is Actor.PROXIED_HUMAN
    assert opened(user_agent, seconds_since_delivery=None).actor is Actor.PROXIED_HUMAN
    assert opened(user_agent, seconds_since_delivery=4.9).actor is Actor.UNKNOWN


def test_an_image_proxy_on_a_link_proves_nothing() -> None:
    assert clicked(GMAIL_PROXY, network="google_image_proxy").actor is Actor.UNKNOWN


@pytest.mark.parametrize(
    "network",
    [
        "microsoft_eop",
        "microsoft_detonation",
        "barracuda",
        "trend_micro",
        "palo_alto",
        "google_special_crawlers",
    ],
)
def test_a_scanners_network_is_a_machine_even_with_a_browsers_header_fields(network: str) -> None:
    assert opened(BROWSER_OPEN, network=network).actor is Actor.PREFETCH
    assert clicked(BROWSER_CLICK, network=network).actor is Actor.SCANNER


@pytest.mark.parametrize(
    "name",
    [
        "mx0a-00364e01.pphosted.com",
        "scan40.barracuda.com",
        "150-70-188-172.trendmicro.com",
        "mail-a.protection.outlook.com",
        "rate-limited-proxy-66-249-90-77.google.com",
        "crawl-66-249-66-1.googlebot.com",
    ],
)
def test_a_confirmed_name_of_a_scanner_is_as_good_as_its_network(name: str) -> None:
    assert clicked(BROWSER_CLICK, certain_rdns=name).actor is Actor.SCANNER
    assert clicked(BROWSER_CLICK, certain_rdns=f"x{name}.example.org").actor is Actor.HUMAN


@pytest.mark.parametrize(
    "user_agent",
    [
        "python-requests/2.31.0",
        "Python/3.9 aiohttp/3.8.1",
        "Go-http-client/2.0",
        "curl/8.5.0",
        "Java/17.0.2",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/138.0.0.0",
        "Barracuda Sentinel (EE)",
        "Mozilla/5.0 (compatible; Yeti/1.1; +http://naver.me/bot)",
        "SCMGUARD",
    ],
)
def test_a_program_that_names_itself_is_a_machine(user_agent: str) -> None:
    assert clicked(user_agent).actor is Actor.SCANNER
    assert opened(user_agent).actor is Actor.PREFETCH


def test_no_user_agent_is_a_machine() -> None:
    assert clicked({}).actor is Actor.SCANNER
    assert clicked("  ").actor is Actor.SCANNER
    assert opened({}).actor is Actor.PREFETCH


@pytest.mark.parametrize(
    "user_agent",
    [
        OUTLOOK,
        "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Trident/8.0; Microsoft Outlook 16.0; ms-office)",
        "Outlook-iOS/709.2226530.prod.iphone (3.24.1)",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.2.0",
        "NaverMailApp/2.1.0 (Android 13; SM-S911N)",
    ],
)
def test_a_mail_program_loads_images_for_a_person(user_agent: str) -> None:
    found = opened(user_agent)
    assert (found.actor, found.certainty) == (Actor.HUMAN, Certainty.PROBABLE)


def test_mac_mails_string_is_a_person_only_outside_the_minute_of_delivery() -> None:
    assert opened(MAC_MAIL, seconds_since_delivery=1440).actor is Actor.HUMAN
    assert opened(MAC_MAIL, seconds_since_delivery=20).actor is Actor.UNKNOWN
    assert opened(MAC_MAIL, network="apple_relay").actor is Actor.UNKNOWN


def test_exchange_online_may_load_an_image_for_a_person() -> None:
    assert opened(BROWSER_OPEN, network="microsoft_cloud", seconds_since_delivery=20).actor is Actor.HUMAN


@pytest.mark.parametrize("user_agent", ["OutlookImageProxy", "MasqueradingProxy", "AppleMailDoPre"])
def test_folk_signatures_say_nothing(user_agent: str) -> None:
    found = opened(user_agent)
    assert (found.actor, [r.signal for r in found.reasons]) == (Actor.UNKNOWN, [SignalName.NO_EVIDENCE])
