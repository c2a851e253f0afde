"""What the looks of a link give away."""

import re
from pathlib import Path
from time import process_time
from urllib.parse import quote

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.threats import Finding, ThreatReason
from backstamp.threats.heuristics import (
    SOURCE,
    WEIGHTS,
    Looks,
    enough_to_warn,
    is_suspicious,
    organisation,
    suspicions,
    total_weight,
)
from backstamp.threats.heuristics.onward import _SHORTENERS, lead_nowhere, next_url
from backstamp.threats.heuristics.well_known import BAIT, BRANDS, is_innocent
from backstamp.urls.domains import registrable_domain
from backstamp.urls.parsing import WebUrl, web_url
from backstamp.vocabulary import ThreatType

R = ThreatReason
OWN = ("acmewidgets.example", "m\u00fcller-bau.example", "update.example")
NAMES = frozenset(
    {
        R.LOOKS_LIKE_OWN,
        R.LOOKS_LIKE_KNOWN,
        R.RESEMBLES_OWN,
        R.RESEMBLES_KNOWN,
        R.DOMAIN_IN_HOST,
        R.NAME_WITH_BAIT,
        R.NAME_IN_HOST,
        R.NAME_ELSEWHERE,
    }
)


def looks(href: str, **known: object) -> Looks:
    url = web_url(href)
    assert url is not None, href
    return Looks(url=url, written=href, **known)  # type: ignore[arg-type]


def found(href: str, **known: object) -> dict[ThreatReason, str]:
    return {finding.reason: finding.detail for finding in suspicions(looks(href, **known))}


@pytest.mark.parametrize(
    "href",
    [
        "https://www.example.com/",
        "https://news.example.co.uk/2026/11/28/story.html?utm_source=mail#top",
        "http://example.com:8080/",
        "https://login.microsoftonline.com/common/oauth2?redirect_uri=https%3A%2F%2Foutlook.office.com%2F",
        "https://www.paypal.com/signin",
        "https://www.amazon.co.uk/gp/css/order-history",
        "https://www.amazon.com.au/",
        "https://example.com/report.pdf",
        "https://example.com/archive.zip",
        "https://example.com/a.b.c/index.html",
        "https://example.com/@somebody/a-story",
        "https://interest.com/",
        "https://medium.example/p?next=https%3A%2F%2Fmedium.example%2Fq",
        "https://www.apple.com.cn/iphone",
        "https://www.icloud.com.cn/",
        "https://apple.news/AbC",
        "https://applegarden.example/",
        "https://example.com/#a/setup.exe",
    ],
)
def test_ordinary_links_have_nothing_that_speaks_against_them(href: str) -> None:
    assert found(href, own_domains=OWN, sender_domain="example.com", new_here=False) == {}


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("http://8.8.8.8/", {R.ADDRESS_HOST: "8.8.8.8"}),
        ("http://8.8.8.8:58801/i", {R.ADDRESS_HOST: "8.8.8.8", R.UNUSUAL_PORT: "58801"}),
        ("http://[2606:4700::1111]/", {R.ADDRESS_HOST: "[2606:4700::1111]"}),
        ("http://192.168.1.1/", {R.PRIVATE_ADDRESS_HOST: "192.168.1.1"}),
        ("http://127.0.0.1./", {R.PRIVATE_ADDRESS_HOST: "127.0.0.1"}),
        ("http://224.0.1.1/", {R.PRIVATE_ADDRESS_HOST: "224.0.1.1"}),
        ("http://[::1]/", {R.PRIVATE_ADDRESS_HOST: "[::1]"}),
        ("http://[fe80::1]/", {R.PRIVATE_ADDRESS_HOST: "[fe80::1]"}),
        (
            "http://[::ffff:10.0.0.1]/",
            {R.PRIVATE_ADDRESS_HOST: "[::ffff:a00:1]", R.DISGUISED_HOST: "[::ffff:a00:1]"},
        ),
        ("http://192.0.2.7/", {R.ADDRESS_HOST: "192.0.2.7"}),
        ("http://[2001:db8::7]/", {R.ADDRESS_HOST: "[2001:db8::7]"}),
        ("http://0x08080808/", {R.ADDRESS_HOST: "8.8.8.8", R.DISGUISED_HOST: "0x08080808"}),
        ("http://134744072/", {R.ADDRESS_HOST: "8.8.8.8", R.DISGUISED_HOST: "134744072"}),
        ("http://010.8.8.8/", {R.ADDRESS_HOST: "8.8.8.8", R.DISGUISED_HOST: "010.8.8.8"}),
        ("http://8.526344/", {R.ADDRESS_HOST: "8.8.8.8", R.DISGUISED_HOST: "8.526344"}),
    ],
)
def test_an_address_in_any_spelling_is_told(href: str, expected: dict[ThreatReason, str]) -> None:
    assert found(href) == expected


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://paypal.com@evil.example/", {R.HOST_IN_USERINFO: "paypal.com"}),
        ("https://www.paypal.com%2Fsignin:x@evil.example/", {R.HOST_IN_USERINFO: "www.paypal.com"}),
        ("https://anna:secret@example.com/", {R.USERINFO: ""}),
        ("http://good.example\\@evil.example/", {R.DISGUISED_HOST: "good.example"}),
        ("http://good.exa\nmple/", {R.READ_DIFFERENTLY: "good.example"}),
        ("http://%65vil.example/", {R.DISGUISED_HOST: "%65vil.example"}),
        ("http://\uff45vil\u3002example/", {R.DISGUISED_HOST: "\uff45vil\u3002example"}),
        ("http://ev\u00adil.example/", {R.DISGUISED_HOST: "ev\u00adil.example"}),
        ("ftp://evil.example/", None),
        ("https://example.com:8443/", {}),
        ("https://example.com:4444/", {R.UNUSUAL_PORT: "4444"}),
    ],
)
def test_what_stands_before_the_path_is_looked_at(
    href: str, expected: dict[ThreatReason, str] | None
) -> None:
    if expected is None:
        assert web_url(href) is None
    else:
        assert found(href) == expected


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("\u0430\u0440\u0440\u04cf\u0435.com", R.CONFUSABLE_SCRIPT),
        ("\u0440\u0430\u0443\u0440\u0430l.com", R.MIXED_SCRIPTS),
        ("i\u2764.example", R.UNUSUAL_CHARACTERS),
        ("m\u00fcller.example", None),
        ("\u043f\u0440\u0438\u043c\u0435\u0440.example", None),
    ],
)
def test_letters_that_look_like_others_are_told(host: str, reason: ThreatReason | None) -> None:
    signs = found(f"https://{host}/")
    written: str = ada_url.URL(f"https://{host}/").hostname
    scripts = {R.CONFUSABLE_SCRIPT, R.MIXED_SCRIPTS, R.UNUSUAL_CHARACTERS}
    assert {found_reason for found_reason in signs if found_reason in scripts} == (
        {reason} if reason else set()
    )
    if reason is not None:
        assert signs[R.PUNYCODE] == signs[reason] == written


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        # letters that look like others
        ("paypa1.com", (R.LOOKS_LIKE_KNOWN, "paypal.com")),
        ("paypai.example", (R.LOOKS_LIKE_KNOWN, "paypal.com")),
        ("rnicrosoft.com", (R.LOOKS_LIKE_KNOWN, "microsoft.com")),
        ("faceb00k.example", (R.LOOKS_LIKE_KNOWN, "facebook.com")),
        ("g00gle.example", (R.LOOKS_LIKE_KNOWN, "google.com")),
        ("p\u00e2yp\u00e1l.example", (R.LOOKS_LIKE_KNOWN, "paypal.com")),
        ("\u0430\u0440\u0440\u04cf\u0435.example", (R.LOOKS_LIKE_KNOWN, "apple.com")),
        # slips that readers overlook
        ("paypall.com", (R.LOOKS_LIKE_KNOWN, "paypal.com")),
        ("gooogle.example", (R.LOOKS_LIKE_KNOWN, "google.com")),
        ("micosoft.com", (R.LOOKS_LIKE_KNOWN, "microsoft.com")),
        ("netfilx.com", (R.LOOKS_LIKE_KNOWN, "netflix.com")),
        # and others' names by chance
        ("gogle.example", (R.RESEMBLES_KNOWN, "google.com")),
        ("netflox.example", (R.RESEMBLES_KNOWN, "netflix.com")),
        ("microsaft.example", (R.RESEMBLES_KNOWN, "microsoft.com")),
        ("coinbased.example", (R.RESEMBLES_KNOWN, "coinbase.com")),
        # a name among others
        ("www.paypal.com.evil.example", (R.DOMAIN_IN_HOST, "paypal.com")),
        ("paypal.com-login.evil.example", (R.DOMAIN_IN_HOST, "paypal.com")),
        ("paypal.com-login.example", (R.DOMAIN_IN_HOST, "paypal.com")),
        ("binance.com1615.example", (R.DOMAIN_IN_HOST, "binance.com")),
        ("paypal-login.example", (R.NAME_WITH_BAIT, "paypal.com")),
        ("secure2paypal.example", (R.NAME_WITH_BAIT, "paypal.com")),
        ("www-paypal-com.example", (R.NAME_WITH_BAIT, "paypal.com")),
        ("microsft-support.example", (R.NAME_WITH_BAIT, "microsoft.com")),
        ("dhl-paket-sendung.example", (R.NAME_WITH_BAIT, "dhl.com")),
        ("secure-usps.example", (R.NAME_WITH_BAIT, "usps.com")),
        ("paypal.support", (R.NAME_WITH_BAIT, "paypal.com")),
        ("usps-depot.help", (R.NAME_WITH_BAIT, "usps.com")),
        ("metamask-io.example", (R.NAME_WITH_BAIT, "metamask.io")),
        ("metamask.com.example", (R.NAME_IN_HOST, "metamask.io")),
        ("paypal-fans.com", (R.NAME_IN_HOST, "paypal.com")),
        ("paypa1-blog.example", (R.LOOKS_LIKE_KNOWN, "paypal.com")),
        ("facebook-fans.example", (R.NAME_IN_HOST, "facebook.com")),
        ("fans-of-netflix.example", (R.NAME_IN_HOST, "netflix.com")),
        ("microsoft.helpdesk.example", (R.NAME_IN_HOST, "microsoft.com")),
        ("paypa1.helpdesk.example", (R.NAME_IN_HOST, "paypal.com")),
        ("paypal.xyz", (R.NAME_ELSEWHERE, "paypal.com")),
        ("paypal.auth.eu-central-1.amazoncognito.com", (R.NAME_ELSEWHERE, "paypal.com")),
        ("pay-pal.example", (R.NAME_ELSEWHERE, "paypal.com")),
        # the organisation's own
        ("acmewidgets.com", (R.NAME_ELSEWHERE, "acmewidgets.example")),
        ("acme-widgets.com", (R.NAME_ELSEWHERE, "acmewidgets.example")),
        ("acmewidget5.example", (R.LOOKS_LIKE_OWN, "acmewidgets.example")),
        ("acmwidgets.example", (R.LOOKS_LIKE_OWN, "acmewidgets.example")),
        ("acmexwidgets.example", (R.RESEMBLES_OWN, "acmewidgets.example")),
        ("acmewidgets-login.example", (R.NAME_WITH_BAIT, "acmewidgets.example")),
        ("acmewidgets.example.evil.example", (R.DOMAIN_IN_HOST, "acmewidgets.example")),
        ("muller-bau.example", (R.LOOKS_LIKE_OWN, "xn--mller-bau-q9a.example")),
        # a partner's, a service's
        ("acmewidgets.zendesk.com", None),
        ("acmewidgets-friends.example", None),
        ("acmewidgets-staff.auth.eu-central-1.amazoncognito.com", None),
        # what stands before an organisation's way into a service
        ("outlook.office.com.mcas.ms", None),
        ("www-paypal-com.translate.goog", None),
        ("paypal--login-example.translate.goog", (R.NAME_WITH_BAIT, "paypal.com")),
        # others
        ("appie.com", None),
        ("discord.gifts", None),
        ("mail.example", None),
        ("tmail.example", None),
        ("paypal.ch", None),
        ("google.co.nz", None),
        ("orange-farm.example", None),
        ("dhl-fans.example", None),
        ("dhl.example", None),
        ("dhlog-login.example", None),
        ("shopping-login.example", None),
        ("dhi.example", None),
        ("cloud.example", None),
        ("revolution-payment.example", None),
        ("applied-support.example", None),
        ("update-login.example", None),
    ],
)
def test_a_name_that_imitates_another_is_told(host: str, expected: tuple[ThreatReason, str] | None) -> None:
    signs = found(f"https://{host}/", own_domains=OWN)
    names = [(reason, detail) for reason, detail in signs.items() if reason in NAMES]
    assert names == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://a.b.c.d.e.example.com/", {R.MANY_SUBDOMAINS: "5"}),
        ("https://a.b.c.d.example.com/", {}),
        (f"https://{'a' * 60}.{'b' * 20}.example/", {R.LONG_HOST: "89"}),
        ("https://example.com/setup.exe", {R.PROGRAM_FILE: "exe"}),
        ("https://example.com/Setup.EXE?x=1", {R.PROGRAM_FILE: "exe"}),
        ("https://example.com/setup%2Eexe", {R.PROGRAM_FILE: "exe"}),
        ("https://example.com/setup.exe%20.", {R.PROGRAM_FILE: "exe"}),
        ("https://example.com/bin.sh", {R.PROGRAM_FILE: "sh"}),
        ("https://example.com/invoice.pdf.exe", {R.DOUBLE_EXTENSION: "pdf.exe"}),
        ("https://example.com/invoice.pdf%20%20%20.scr", {R.DOUBLE_EXTENSION: "pdf.scr"}),
        ("https://example.com/invoice.pdf.js", {R.DOUBLE_EXTENSION: "pdf.js"}),
        ("https://example.com/inv%E2%80%AEfdp.exe", {R.DOUBLE_EXTENSION: "exe"}),
        ("https://example.com/inv%E2%80%AEexe.pdf", {}),
        ("https://example.com/jquery.min.js", {}),
        ("https://example.com/.exe", {}),
        ("https://bit.ly/abc", {R.SHORTENER: "bit.ly"}),
        ("https://www.tinyurl.com/abc", {R.SHORTENER: "tinyurl.com"}),
    ],
)
def test_hosts_and_paths_are_looked_at(href: str, expected: dict[ThreatReason, str]) -> None:
    assert found(href) == expected


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        (
            "https://www.google.com/url?q=http://8.8.8.8/setup.exe",
            {R.REDIRECTOR: "8.8.8.8", R.ADDRESS_HOST: "8.8.8.8", R.PROGRAM_FILE: "exe"},
        ),
        (
            "https://shop.example/go?to=https%3A%2F%2Fpaypa1.com%2F",
            {R.URL_IN_URL: "paypa1.com", R.LOOKS_LIKE_KNOWN: "paypal.com"},
        ),
        (
            "https://paypal-login.example/go?to=https%3A%2F%2Fshop.example%2F",
            {R.URL_IN_URL: "shop.example", R.NAME_WITH_BAIT: "paypal.com"},
        ),
        (
            "https://shop.example/go?to=https%253A%252F%252Fpaypa1.com%252F",
            {R.URL_IN_URL: "paypa1.com", R.LOOKS_LIKE_KNOWN: "paypal.com"},
        ),
        (
            "https://shop.example/go/aHR0cHM6Ly9wYXlwYTEuY29tLw",
            {R.URL_IN_URL: "paypa1.com", R.LOOKS_LIKE_KNOWN: "paypal.com"},
        ),
        ("https://shop.example/go/https://other.example/", {R.URL_IN_URL: "other.example"}),
        ("https://shop.example/go?to=https://www.shop.example/", {}),
        (
            "https://shop.example/go?back=https://www.shop.example/&to=https://paypa1.com/",
            {R.URL_IN_URL: "paypa1.com", R.LOOKS_LIKE_KNOWN: "paypal.com"},
        ),
        ("https://shop.example/go?" + "to=https://shop.example/&" * 20, {R.MANY_URLS: ""}),
        (
            "https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fpaypa1.com%2F&data=x",
            {R.LOOKS_LIKE_KNOWN: "paypal.com"},
        ),
    ],
)
def test_the_url_inside_a_url_is_judged_too(href: str, expected: dict[ThreatReason, str]) -> None:
    assert found(href) == expected


TRACKED = "https://click.mailer.example/c/1234"


@pytest.mark.parametrize(
    ("text", "href", "sender", "expected"),
    [
        ("https://www.paypal.com/login", "https://evil.example/", "", {R.TEXT_SHOWS_KNOWN: "www.paypal.com"}),
        (
            "http://acmewidgets.example/x",
            "https://evil.example/",
            "",
            {R.TEXT_SHOWS_KNOWN: "acmewidgets.example"},
        ),
        ("www.shop.com", TRACKED, "", {R.TEXT_SHOWS_OTHER: "www.shop.com"}),
        ("www.shop.com", TRACKED, "mailer.example", {}),
        ("www.facebook.com/shop", TRACKED, "mailer.example", {R.TEXT_SHOWS_OTHER: "www.facebook.com"}),
        ("www.shop.com", "https://go.shop.com/", "", {}),
        ("www.facebook.com/shop", "https://fb.me/shop", "", {}),
        ("Read more", "https://evil.example/", "", {}),
        ("paypal.com is great", "https://evil.example/", "", {}),
        ("www.shop.com", "https://www.acmewidgets.example/", "", {}),
        (
            "www.shop.com",
            "https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.shop.com%2F&data=x",
            "",
            {},
        ),
        ("www.shop.com", "https://shop.us1.list-manage.com/track/click?u=1&id=2&e=3", "", {}),
        (
            "www.facebook.com/shop",
            "https://shop.us1.list-manage.com/track/click?u=1&id=2&e=3",
            "",
            {R.TEXT_SHOWS_OTHER: "www.facebook.com"},
        ),
        (
            "www.paypal.com",
            "https://www.google.com/url?q=https://evil.example/",
            "",
            {R.TEXT_SHOWS_KNOWN: "www.paypal.com", R.REDIRECTOR: "evil.example"},
        ),
        (
            "www.google.com/maps",
            "https://www.google.com/url?q=https://evil.example/",
            "",
            {R.TEXT_SHOWS_KNOWN: "www.google.com", R.REDIRECTOR: "evil.example"},
        ),
        # what anybody can put behind a host of his own excuses nothing
        (
            "www.paypal.com",
            "https://evil.example/?url=https%3A%2F%2Fwww.paypal.com%2F",
            "",
            {R.TEXT_SHOWS_KNOWN: "www.paypal.com"},
        ),
        (
            "www.paypal.com",
            "https://evil.example/ls/click?upn=u001.abc",
            "",
            {R.TEXT_SHOWS_KNOWN: "www.paypal.com"},
        ),
    ],
)
def test_words_that_show_another_host_are_told(
    text: str, href: str, sender: str, expected: dict[ThreatReason, str]
) -> None:
    assert found(href, text=text, sender_domain=sender, own_domains=OWN) == expected


def test_who_kept_only_the_shown_hosts_hears_the_same() -> None:
    shown = ("www.paypal.com",)
    assert found("https://evil.example/", shown_hosts=shown) == {R.TEXT_SHOWS_KNOWN: "www.paypal.com"}


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("files.evil.com", True),
        ("8.8.8.8", True),
        ("evil.sharepoint.com", True),
        ("192.168.0.1", False),
        ("files.corp", False),
        ("files", False),
        ("files.acmewidgets.example", False),
        ("files.acme.com", False),
    ],
)
def test_a_share_outside_of_the_organisation_is_suspicious_by_itself(host: str, *, told: bool) -> None:
    own = (*OWN, "acme.com")
    assert (R.FOREIGN_SHARE in found(f"http://{host}/a", is_share=True, own_domains=own)) is told
    assert R.FOREIGN_SHARE not in found(f"http://{host}/a", own_domains=own)


@pytest.mark.parametrize(("new_here", "told"), [(True, True), (False, False), (None, False)])
def test_a_host_that_the_organisation_never_met_is_told(new_here: bool | None, told: bool) -> None:
    assert (R.NEW_HOST in found("https://shop.example/", new_here=new_here)) is told
    assert found("https://www.paypal.com/", new_here=new_here) == {}
    assert found("https://www.acmewidgets.example/", new_here=new_here, own_domains=OWN) == {}


@pytest.mark.parametrize(
    ("href", "known", "suspicious"),
    [
        ("https://paypa1.com/", {}, True),
        ("http://8.8.8.8/", {}, False),
        ("http://8.8.8.8:58801/i", {}, True),
        ("http://8.8.8.8/setup.exe", {}, True),
        ("http://192.0.2.7:8443/a.exe", {}, True),
        ("http://192.168.0.1:8443/a.exe", {"new_here": True}, False),
        ("https://evil.example/", {"text": "www.paypal.com"}, False),
        ("https://evil.example/", {"text": "www.paypal.com", "new_here": True}, True),
        (TRACKED, {"text": "www.shop.com", "new_here": True}, False),
        ("https://bit.ly/x", {"new_here": True}, False),
        ("https://example.com/setup.exe", {"new_here": True}, False),
        ("http://192.168.0.1:9000/", {"new_here": True}, False),
    ],
)
def test_one_plain_sign_or_several_others_make_a_link_suspicious(
    href: str, known: dict[str, object], suspicious: bool
) -> None:
    assert is_suspicious(suspicions(looks(href, **known))) is suspicious


def test_findings_name_their_source_and_the_weightiest_comes_first() -> None:
    findings = suspicions(looks("http://8.8.8.8:58801/setup.exe"))
    assert findings == (
        Finding(ThreatType.SUSPICIOUS, R.ADDRESS_HOST, SOURCE, "8.8.8.8", weight=70),
        Finding(ThreatType.SUSPICIOUS, R.PROGRAM_FILE, SOURCE, "exe", weight=40),
        Finding(ThreatType.SUSPICIOUS, R.UNUSUAL_PORT, SOURCE, "58801", weight=30),
    )
    assert total_weight(findings) == 140


def test_what_a_list_says_is_enough_alone() -> None:
    assert is_suspicious([Finding(ThreatType.PHISHING, R.LISTED_HOST, "openphish")])
    bare_prefix = Finding(ThreatType.PHISHING, R.LISTED_PREFIX, "safe browsing", confirmed=False)
    assert not is_suspicious([bare_prefix])


def test_what_is_remembered_of_a_host_is_remembered_for_one_organisation_only() -> None:
    href = "https://www.acmewidgetz.example/"
    for _ in range(2):
        assert R.RESEMBLES_OWN in found(href, own_domains=OWN)
        assert found(href) == {}
        assert found(href, own_domains=("acmewidgetz.example",)) == {}
    reader = organisation(OWN)
    link = looks(href, own_domains=OWN)
    assert suspicions(link, reader) == suspicions(link)


@pytest.mark.parametrize(
    ("own", "end"),
    [
        ("mail.acmewidgets.example", "https://www.acmewidgets.example/"),
        ("localhost", "http://localhost/"),
        ("Github.IO", "https://github.io/"),
    ],
)
def test_nobody_is_deceived_where_the_end_is_the_organisation_itself(own: str, end: str) -> None:
    shown = {"text": "https://other-shop.com/", "sender_domain": "elsewhere.example"}
    assert R.TEXT_SHOWS_OTHER in found(end, **shown)
    assert R.TEXT_SHOWS_OTHER not in found(end, own_domains=(own,), **shown)


DOMAINS = [domain for brand in BRANDS for domain in brand.domains]
LABELS = st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True), max_size=4)


@given(st.lists(st.sampled_from([*sorted(BAIT), "paypal", "paypal.com", "xn--4dbcd"]), max_size=4), LABELS)
def test_a_well_known_domain_and_all_below_it_never_look_like_another(
    below: list[str], more: list[str]
) -> None:
    for domain in DOMAINS[:: 1 + len(below) * 40]:
        url = web_url(f"https://{'.'.join([*more, *below, domain])}/")
        if url is not None:
            assert not {finding.reason for finding in suspicions(Looks(url=url))} & NAMES, url


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True), LABELS)
def test_an_own_domain_and_all_below_it_never_look_like_another(label: str, below: list[str]) -> None:
    for own in (f"{label}.example", "paypa1.com", "rnicrosoft-login.de"):
        url = web_url(f"https://{'.'.join([*below, own])}/")
        if url is not None:
            assert not {finding.reason for finding in suspicions(Looks(url=url, own_domains=(own,)))} & NAMES


HOSTILE = st.text(
    alphabet=st.sampled_from("htps:/\\@?#&=%.[]0123456789xabz-_~ \t\n\u00ad\u202e\u0430\u00fc\u3002\ud800")
)


@given(
    HOSTILE | st.text(),
    HOSTILE | st.text(),
    HOSTILE,
    st.lists(st.text() | HOSTILE, max_size=3),
    st.booleans(),
)
def test_no_text_makes_it_fail(rest: str, text: str, sender: str, own: list[str], raw: bool) -> None:
    href = f"http://{rest}"
    url = web_url(href) or WebUrl(href, rest.partition("/")[0])
    link = Looks(
        url=url,
        written=rest if raw else href,
        text=text,
        own_domains=tuple(own),
        sender_domain=sender,
        shown_hosts=(text,) if raw else (),
        new_here=True,
    )
    findings = suspicions(link)
    assert all(finding.weight == WEIGHTS[finding.reason] for finding in findings)
    assert len({finding.reason for finding in findings}) == len(findings)
    assert all(len(finding.detail) <= 256 for finding in findings)
    assert enough_to_warn(link, organisation(link.own_domains)) == (
        findings if is_suspicious(findings) else ()
    )


INNER = st.sampled_from(
    [
        "news/3/c0397d5b306f?utm_source=letter&utm_id=c0397d5b306f",
        "go?u=https://evil.example/",
        "go?u=%2F%2Fevil.example",
        "go?q=aHR0cHM6Ly9ldmlsLmV4YW1wbGUv",
        "ls/click?upn=x",
        "a?b==",
        "ht",
        "",
    ]
)
HOSTS = st.sampled_from(
    ["www.example.com", "t.co", "click.news.example", "nam01.safelinks.protection.outlook.com"]
)


@given(st.lists(st.builds("https://{}/{}{}".format, HOSTS, INNER, HOSTILE), max_size=4))
def test_links_of_which_all_lead_nowhere_are_each_judged_without_a_look_for_more(hrefs: list[str]) -> None:
    urls = [url for url in map(web_url, hrefs) if url is not None]
    if lead_nowhere(urls):
        assert not any(map(next_url, urls))
        for url in urls:
            assert suspicions(Looks(url=url, may_lead_on=False)) == suspicions(Looks(url=url))
    if len(urls) == 1 and next_url(urls[0]) is not None:
        assert not lead_nowhere(urls)


def test_links_lead_nowhere_only_where_none_of_them_leads_on() -> None:
    plain = WebUrl("https://www.example.com/a?b=c", "www.example.com")
    leading = [
        WebUrl("https://www.example.com/?u=//evil.example", "www.example.com"),
        WebUrl("https://www.example.com/aHR0cHM6Ly9ldmlsLmV4YW1wbGUv", "www.example.com"),
        WebUrl("https://www.google.com/url?q=https://evil.example", "www.google.com"),
    ]
    assert lead_nowhere([plain, plain])
    assert not any(lead_nowhere([plain, each, plain]) for each in leading)


@pytest.mark.parametrize(
    "href",
    [
        "https://" + "a." * 100_000 + "example/",
        "https://example.com/" + "http://" * 100_000,
        "https://example.com/?u=" + "aHR0c" * 100_000,
        "https://example.com/?u=" + "https%3A%2F%2F" * 100_000,
        "https://" + "x@" * 100_000 + "example.com/",
        "https://example.com/" + "%2e" * 100_000,
        "https://example.com/a" + ".pdf" * 100_000 + ".exe",
        "https://" + "paypal-" * 30 + ".example/",
    ],
)
def test_a_huge_url_takes_no_long_time(href: str) -> None:
    url = WebUrl(href, href.removeprefix("https://").partition("/")[0])
    link = Looks(url=url, written=href, text=href[:100_000], new_here=True)
    start = process_time()
    suspicions(link)
    assert process_time() - start < 0.05


def test_the_files_of_data_hold_registrable_domains_and_plain_words() -> None:
    assert [domain for domain in DOMAINS if registrable_domain(domain) != domain] == []
    assert len(set(DOMAINS)) == len(DOMAINS)
    assert [host for host in _SHORTENERS if registrable_domain(host) is None] == []
    words = [word for brand in BRANDS for word in brand.words]
    names = [*words, *(name for brand in BRANDS for name in brand.beside_bait)]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch("[a-z0-9]+", name) or name in BAIT] == []
    assert [word for word in BAIT if not re.fullmatch("[a-z0-9]+", word)] == []
    assert [word for word in words if len(word) < 4 or is_innocent(word)] == []


def test_the_page_names_each_reason_with_its_weight() -> None:
    page = (Path(__file__).parents[2] / "docs" / "heuristics.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.MULTILINE))
    assert rows == {str(reason): str(weight) for reason, weight in WEIGHTS.items()}


def test_each_reason_is_a_lists_or_has_a_weight() -> None:
    listed = {R.LISTED_URL, R.LISTED_HOST, R.LISTED_PREFIX, R.OWN_LIST, R.SWITCHED_OFF}
    at_the_click = {R.DOUBTED_ON_ARRIVAL, R.ASKED_TOO_OFTEN}
    assert set(WEIGHTS) == set(ThreatReason) - listed - at_the_click


def test_a_host_that_no_name_can_have_is_not_remembered() -> None:
    reader = organisation(OWN)
    ordinary, absurd = "news.example.com", "a." * 127 + "example"
    assert reader.looks(ordinary) is reader.looks(ordinary)
    assert reader.looks(absurd) == reader.looks(absurd)
    assert reader.looks(absurd) is not reader.looks(absurd), "a stranger's letters would fill the memory"


def test_the_end_behind_an_uncertain_layer_is_none_that_words_may_show() -> None:
    safe = "https://nam01.safelinks.protection.outlook.com/?url=" + quote("https://www.paypal.com/", safe="")
    assert R.TEXT_SHOWS_KNOWN not in found(safe, text="https://www.paypal.com/")
    perhaps = "https://shop.example/go?to=" + quote(safe, safe="")
    assert R.TEXT_SHOWS_KNOWN in found(perhaps, text="https://www.paypal.com/")
