"""A labelled hit for every signature that is known from logs: who it is, on an image and on a link.

The User-Agents are those that vendors and public logs show; times and networks are made up around them.
"""

import pytest

from backstamp.verdicts import Verdict
from backstamp.verdicts.networks import NETWORKS, PACKAGED_TABLE, ListCertainty, Network, NetworkRole
from backstamp.vocabulary import Actor
from tests.verdicts.hits import BROWSER_CLICK, BROWSER_OPEN, CHROME, clicked, opened

PREVIEWS = [
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Slack-ImgProxy (+https://api.slack.com/robots)",
    "Twitterbot/1.0",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "facebookexternalua",
    "WhatsApp/2.23.20.0 A",
    "WhatsApp/2.2336.9 N",
    "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Viber/13.3.0.5",
    "Mozilla/5.0 (compatible; Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots)",
    "Mattermost-Bot/1.1",
    "Chatwork LinkPreview v0.0.1",
    "DingTalkBot-LinkService/1.0 (+https://open-doc.dingtalk.com/)",
    "ClickUpLinkUnfurler/1.0",
    "Notion/1.0",
    "Mastodon/4.2.0 (http.rb/5.1.1; +https://social.example/)",
    "http.rb/5.1.1 (Mastodon/4.2.0; +https://social.example/)",
    "github-camo (876de43e)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Mozilla/5.0 (compatible; MicrosoftPreview/2.0; +https://aka.ms/MicrosoftPreview)",
    "Mozilla/5.0 (compatible; Yahoo Link Preview; https://help.yahoo.com/kb/SLN23615.html)",
    "Yahoo:LinkExpander:Slingstone",
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) "
        "Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"
    ),
    "SomeChat-LinkPreview/3.1 (+https://chat.example/robots)",
    "NewForumUnfurlBot/1.0",
]
MACHINES = [
    "Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.19045; en-US) PowerShell/7.4.2",
    "Mozilla/5.0 zgrab/0.x",
    "SomeGateway-UrlScanner/1.0",
    "SomeSender Link Validator",
    "kube-probe/1.30",
    "ureq/2.10.1",
    "masscan/1.3 (https://github.com/robertdavidgraham/masscan)",
    "Microsoft BITS/7.8",
    "Expanse, a Palo Alto Networks company, searches across the global IPv4 space",
    "",
    "Barracuda Sentinel (EE)",
    "Kaspersky Lab CFR link resolver 1.0",
    "SCMGUARD",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    (
        "Mozilla/5.0 (Linux; Android 6.0.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.5735.179 "
        "Mobile Safari/537.36 (compatible; Google-Safety; +http://www.google.com/bot.html)"
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "HeadlessChrome/140.0.0.0 Safari/537.36"
    ),
    "python-requests/2.31.0",
    "Python/3.11 aiohttp/3.9.1",
    "Go-http-client/2.0",
    "Go 1.1 package http",
    "curl/8.5.0",
    "Wget/1.21.4",
    "Java/1.8.0_292",
    "AHC/2.1",
    "Apache-HttpClient/4.5.13 (Java/11.0.2)",
    "lua-resty-http/0.17.1 (Lua) ngx_lua/10025",
    "Jetty/9.4.51",
    "Amazon CloudFront",
    "axios/1.6.2",
    "libcurl/7.88.1",
    "Microsoft Exchange/15.20 (Office365 prober)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b",
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; NewSearchThing/0.1) "
        "Chrome/119.0 Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 "
        "Safari/537.36 NewVendorLinkCheck"
    ),
    "Mozilla/5.0 (Windows NT 6.1; rv:38.0) Gecko/20100101 Firefox/38.0 (SomeBot 1.1; robots@vendor.example)",
    "SomeLinkBot/1.0 CFNetwork/1494.0.7 Darwin/23.4.0",
    "NewThing/1.0 Thunderbird/128.0 (+https://vendor.example/thing)",
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko; NewSearchThing-Thumbnails) "
        "Chrome/143.0 Safari/537.36"
    ),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/144.0 Safari/537.36 (scanner.vendor.example)",
    (
        "Mozilla/5.0 (Linux; Android 7.0; SM-A310F Build/NRD90M) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/99.0 Mobile Safari/537.36 (compatible; NewSpider)"
    ),
]
PROXIES = [
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    "Mozilla/5.0 (compatible; YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html)",
    (
        "hey.com/imageproxy Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/134.0 Safari/537.36"
    ),
    "FastmailUA/1.0",
    "SeznamEmailProxy/2.0.214",
    "Mozilla/5.0 (compatible; RamblerMail-ImageProxy)",
    "Mozilla/5.0 (via secureurl.fwdcdn.com)",
    "Shortwave Image Fetcher",
]
PROXIES_OF_WHICH_NOTHING_IS_KNOWN = [
    "Mozilla/5.0 (compatible; Linux x86_64; Mail.RU_Bot/Img/2.0; +https://help.mail.ru/webmaster)",
    "Mozilla/5.0 (compatible; YandexImageResizer/2.0; +http://yandex.com/bots)",
    "Mozilla/5.0 (compatible; SomeMailImageProxy/1.0; +https://mail.example/proxy)",
    "Superhuman Image Proxy/1.0",
]
MAIL_PROGRAMS = [
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "
        "Safari/537.36 Edg/141.0.0.0 OneOutlook/1.2025.1008.400"
    ),
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    (
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/8.0; .NET4.0C; Microsoft "
        "Outlook 16.0.6366)"
    ),
    "Outlook-iOS/711.2620504.prod.iphone (3.34.0)",
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Mobile "
        "Safari/537.36 Outlook-Android/2.0"
    ),
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
        "Gecko) Mobile/15E148"
    ),
    "Airmail 5.7 (Macintosh; OS X 14.1)",
    "NaverMailApp/2.10 (iPhone; iOS 17.4)",
    "MacOutlook/16.83.24031120 (Intelx64 Mac OS X 14.4)",
    "Outlook-Express/7.0 (MSIE 7.0; Windows NT 6.1; Trident/7.0; SLCC2; .NET CLR 2.0.50727; TmstmpExt)",
    "Foxmail/7.2.25",
    "Yahoo%20Mail/62110 CFNetwork/1494.0.7 Darwin/23.4.0",
    "Evolution/3.50.3",
    "Mail/3731.600.7 CFNetwork/1408.0.4 Darwin/22.5.0",
    "Microsoft Office Word/16.106.302 (Mac OS/15.7.3; Desktop; en-US; AppStore; Apple/Mac16,1)",
]
PEOPLES_BROWSERS = [
    CHROME,
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 [LinkedInApp]/9.29.8514"
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; SM-S918B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/124.0.6367.179 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/463.0;] MetaIAB Facebook"
    ),
    (
        "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 "
        "Mobile Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Linux; Android 11; CUBOT_X18_Plus) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/120.0 Mobile Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Linux; Android 7.0; M bot 60 Build/NRD90M) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/120.0 Mobile Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Linux; U; Android 13; es-es; Spider 8) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/124.0 Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile "
        "Safari/537.36 (Ecosia android@150.0.0.0)"
    ),
    "Mozilla/5.0 (compatible; Konqueror/3.5; Linux; de, de_DE@euro) KHTML/3.5.10 (like Gecko)",
    "Mozilla/4.0 (compatible; Linux 2.6.22) NetFront/3.4 Kindle/2.0 (screen 600x800)",
    "Mozilla/4.0 (compatible; Opera 7.30; Windows NT 5.1)",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E)",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; EmbeddedWB 14.52 from: http://www.bsalsa.com/)",
    "Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18",
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 Instagram 330.0.0.26.109 (iPhone14,5; iOS 17_4)"
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; SM-A546B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/124.0 Mobile Safari/537.36 Viber/22.2"
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/124.0 "
        "Mobile Safari/537.36 DaumApps/5.0 DaumDevice/mobile"
    ),
]
NO_MACHINE = {Actor.HUMAN, Actor.PROXIED_HUMAN, Actor.UNKNOWN}


def named(verdict: Verdict) -> tuple[Actor, str]:
    return verdict.actor, verdict.reasons[0].signal.value


@pytest.mark.parametrize("agent", PREVIEWS)
def test_a_preview_is_one_on_images_and_links(agent: str) -> None:
    assert named(opened(agent)) == named(clicked(agent)) == (Actor.PREVIEW_BOT, "preview_bot")


@pytest.mark.parametrize("agent", MACHINES)
def test_what_names_a_machine_is_one_even_with_a_browsers_header_fields(agent: str) -> None:
    assert clicked({**BROWSER_CLICK, "user_agent": agent}).actor is Actor.SCANNER
    assert opened({**BROWSER_OPEN, "user_agent": agent}).actor is Actor.PREFETCH


@pytest.mark.parametrize("agent", PROXIES)
def test_a_providers_proxy_acts_for_a_person_and_never_follows_links(agent: str) -> None:
    assert named(opened(agent)) == (Actor.PROXIED_HUMAN, "mail_proxy")
    assert named(opened(agent, seconds_since_delivery=2.0)) == (Actor.UNKNOWN, "mail_proxy_too_early")
    assert named(clicked(agent)) == (Actor.UNKNOWN, "proxy_on_link")


@pytest.mark.parametrize("agent", PROXIES_OF_WHICH_NOTHING_IS_KNOWN)
def test_of_a_proxy_whose_ways_are_not_known_nothing_is_said(agent: str) -> None:
    assert named(opened(agent)) == (Actor.UNKNOWN, "mail_proxy_unclear")
    assert named(clicked(agent)) == (Actor.UNKNOWN, "proxy_on_link")


@pytest.mark.parametrize("agent", MAIL_PROGRAMS)
def test_a_mail_program_is_its_reader(agent: str) -> None:
    assert named(opened(agent)) == (Actor.HUMAN, "mail_program")
    assert clicked({**BROWSER_CLICK, "user_agent": agent}).actor is Actor.HUMAN


@pytest.mark.parametrize("agent", PEOPLES_BROWSERS)
def test_a_persons_browser_is_never_called_a_machine(agent: str) -> None:
    assert clicked({**BROWSER_CLICK, "user_agent": agent}).actor is Actor.HUMAN
    assert opened({**BROWSER_OPEN, "user_agent": agent}).actor is Actor.HUMAN
    for hit in (clicked(agent), opened(agent), clicked(agent, seconds_since_delivery=12.0)):
        assert hit.actor in NO_MACHINE


CERTAIN = [
    n for n in NETWORKS.values() if n.role is NetworkRole.SCANNER and n.certainty is ListCertainty.CERTAIN
]


@pytest.mark.parametrize("network", CERTAIN, ids=lambda network: network.label)
def test_a_scanners_network_or_confirmed_name_outweighs_a_perfect_browser(network: Network) -> None:
    for prefix in network.prefixes:
        label = PACKAGED_TABLE.classify(prefix.partition("/")[0])
        assert clicked(BROWSER_CLICK, network=label).actor is Actor.SCANNER, prefix
        assert opened(BROWSER_OPEN, network=label).actor is Actor.PREFETCH, prefix
    for form in network.ptr:
        name = form.replace("*", "mail-1-2-3-4")
        assert named(clicked(BROWSER_CLICK, certain_rdns=name)) == (Actor.SCANNER, "scanner_name")


PROBABLE = [
    n for n in NETWORKS.values() if n.role is NetworkRole.SCANNER and n.certainty is ListCertainty.PROBABLE
]


@pytest.mark.parametrize("network", PROBABLE, ids=lambda network: network.label)
def test_a_security_companys_network_makes_nothing_sure_and_carries_people_later(network: Network) -> None:
    label = network.label
    assert clicked(CHROME, network=label, seconds_since_delivery=300.0).actor is Actor.SCANNER
    assert clicked(BROWSER_CLICK, network=label, seconds_since_delivery=300.0).actor in NO_MACHINE
    assert clicked(BROWSER_CLICK, network=label, seconds_since_delivery=7200.0).actor is Actor.HUMAN


@pytest.mark.parametrize("role", [NetworkRole.WEB_PROXY, NetworkRole.PREVIEW])
def test_a_staff_web_proxy_or_a_chats_network_says_nothing(role: NetworkRole) -> None:
    for network in NETWORKS.values():
        if network.role is role:
            assert (
                clicked(BROWSER_CLICK, network=network.label, seconds_since_delivery=30.0).actor
                is Actor.HUMAN
            )
