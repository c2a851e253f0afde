"""redirectors: the ways out of search engines and networks; they lead straight on to the URL they hold.

All formats are in github.com/macieklamberski/urlpurify, a decoder with test links; what else is said of one
stands beside it.
"""

import re
from typing import Final

from backstamp.urls.decoding import unescaped_url
from backstamp.urls.wrappers.rules import (
    Address,
    Rule,
    WrapperKind,
    base64_parameter,
    host_before,
    host_in_label,
    host_in_path,
    parameter,
    url_or_host_parameter,
)

_REDIRECTOR: Final = WrapperKind.REDIRECTOR

# www.google.com/supported_domains: google.<country>, google.co.<country>, google.com.<country>.
_GOOGLE: Final = """
    com cat ad ae al am as at az ba be bf bg bi bj bs bt by ca cd cf cg ch ci cl cm cn cv cz de dj dk dm dz
    ee es fi fm fr ga ge gg gl gm gr gy hn hr ht hu ie im iq is it je jo kg ki kz la li lk lt lu lv md me mg
    mk ml mn mu mv mw ne nl no nr nu pl pn ps pt ro rs ru rw sc se sh si sk sm sn so sr st td tg tl tm tn to
    tt vu ws co.ao co.bw co.ck co.cr co.id co.il co.in co.jp co.ke co.kr co.ls co.ma co.mz co.nz co.th co.tz
    co.ug co.uk co.uz co.ve co.vi co.za co.zm co.zw com.af com.ag com.ar com.au com.bd com.bh com.bn com.bo
    com.br com.bz com.co com.cu com.cy com.do com.ec com.eg com.et com.fj com.gh com.gi com.gt com.hk com.jm
    com.kh com.kw com.lb com.ly com.mm com.mt com.mx com.my com.na com.ng com.ni com.np com.om com.pa com.pe
    com.pg com.ph com.pk com.pr com.py com.qa com.sa com.sb com.sg com.sl com.sv com.tj com.tr com.tw com.ua
    com.uy com.vc com.vn
"""

_UNITED_INTERNET: Final = (
    *("deref-1und1.de", "deref-1und1-02.de", "deref-gmx.co.uk", "deref-gmx.com", "deref-gmx.fr"),
    *("deref-gmx.net", "deref-mail.com", "deref-mail-02.com", "deref-web.de", "deref-web-02.de"),
)
_YAHOO_PATH: Final = re.compile(r"/.*?/RU=([^/]+)/R[KS]=.*")


def _yahoo(address: Address) -> str | None:
    match = _YAHOO_PATH.fullmatch(address.path)
    return unescaped_url(match[1]) if match is not None else None


REDIRECTORS: Final = (
    # A search result's `q` is what was searched for, and its URL is in `url`.
    Rule(
        "Google",
        _REDIRECTOR,
        tuple(f"{below}google.{suffix}" for suffix in _GOOGLE.split() for below in ("", "*.")),
        path=re.compile("/url"),
        inner=url_or_host_parameter("q", "url"),
    ),
    # Links in public repositories.
    Rule(
        "Google Meet",
        _REDIRECTOR,
        ("meet.google.com",),
        path=re.compile("/linkredirect"),
        inner=parameter("dest"),
    ),
    # developers.google.com/amp/cache/overview and /cache/use-cases: `s/` for https.
    Rule(
        "Google AMP",
        _REDIRECTOR,
        tuple(f"{below}google.{suffix}" for suffix in _GOOGLE.split() for below in ("", "www.")),
        path=re.compile("/amp/.+"),
        inner=host_in_path("/amp/"),
    ),
    Rule(
        "AMP Cache",
        _REDIRECTOR,
        ("cdn.ampproject.org", "*.cdn.ampproject.org", "bing-amp.com", "*.bing-amp.com"),
        inner=host_in_path("/[a-z]+/"),
    ),
    # learn.microsoft.com/defender-cloud-apps/proxy-deployment-aad: sessions by way of Microsoft's proxy.
    Rule("Microsoft Defender for Cloud Apps", _REDIRECTOR, ("*.mcas.ms",), inner=host_before("mcas.ms")),
    # The page on its own host below translate.goog: support.google.com/translate (websites).
    Rule("Google Translate", _REDIRECTOR, ("*.translate.goog",), inner=host_in_label("translate.goog")),
    Rule(
        "Google Translate",
        _REDIRECTOR,
        ("translate.google.com",),
        path=re.compile("/(?:translate|website)(?:_[a-z])?"),
        inner=url_or_host_parameter("u"),
    ),
    # engineering.fb.com/2012/09/14/security/a-faster-better-link-shim.
    Rule(
        "Facebook",
        _REDIRECTOR,
        ("facebook.com", "*.facebook.com", "l.messenger.com", "l.workplace.com"),
        path=re.compile(r"/l(?:sr)?\.php|/flx/warn/?"),
        inner=parameter("u"),
    ),
    # Links in public repositories: WhatsApp's pages of businesses.
    Rule("WhatsApp", _REDIRECTOR, ("l.wl.co",), path=re.compile("/l"), inner=parameter("u")),
    Rule("Threads", _REDIRECTOR, ("l.threads.com", "l.threads.net"), inner=parameter("u")),
    Rule("Instagram", _REDIRECTOR, ("l.instagram.com", "lm.instagram.com"), inner=parameter("u")),
    Rule(
        "LinkedIn",
        _REDIRECTOR,
        ("linkedin.com", "www.linkedin.com"),
        path=re.compile(r"/(?:safety/go|redir/redirect|redirect)/?"),
        inner=parameter("url"),
    ),
    Rule(
        "Slack",
        _REDIRECTOR,
        ("slack-redir.net", "*.slack-redir.net"),
        path=re.compile("/link"),
        inner=parameter("url"),
    ),
    Rule(
        "YouTube",
        _REDIRECTOR,
        ("youtube.com", "*.youtube.com"),
        path=re.compile("/redirect"),
        inner=parameter("q"),
    ),
    # `a1` and base64.
    Rule(
        "Bing",
        _REDIRECTOR,
        ("bing.com", "*.bing.com"),
        path=re.compile("/ck/a"),
        inner=base64_parameter("u", prefix=2),
    ),
    # Links in public repositories, and filters that skip them.
    Rule(
        "Bing",
        _REDIRECTOR,
        ("bing.com", "*.bing.com"),
        path=re.compile("/alink/link"),
        inner=parameter("url"),
    ),
    Rule(
        "DuckDuckGo",
        _REDIRECTOR,
        ("duckduckgo.com", "r.duckduckgo.com"),
        path=re.compile("/l/?"),
        inner=parameter("uddg"),
    ),
    # `/_ylt=.../RU=<percent-encoded URL>/RK=2/RS=...`.
    Rule("Yahoo", _REDIRECTOR, ("r.search.yahoo.com",), inner=_yahoo),
    # Webmail: what people forward has its links.
    Rule(
        "GMX and WEB.DE",
        _REDIRECTOR,
        _UNITED_INTERNET,
        path=re.compile("/mail/client/(?:[^/]+/)?dereferrer/?"),
        inner=parameter("redirecturl"),
    ),
    Rule("Mail.ru", _REDIRECTOR, ("checklink.mail.ru",), path=re.compile("/proxy"), inner=parameter("url")),
    Rule(
        "Mail.ru",
        _REDIRECTOR,
        ("click.mail.ru", "click.my.mail.ru"),
        path=re.compile("/redir"),
        inner=parameter("u"),
    ),
    Rule(
        "Yandex Mail",
        _REDIRECTOR,
        ("mail.yandex.ru", "mail.yandex.com", "mail.yandex.by", "mail.yandex.kz", "mail.yandex.com.tr"),
        path=re.compile(r"/re\.jsx"),
        inner=base64_parameter("l"),
    ),
    Rule("Tumblr", _REDIRECTOR, ("t.umblr.com",), path=re.compile("/redirect"), inner=parameter("z")),
    Rule("Reddit", _REDIRECTOR, ("out.reddit.com",), inner=parameter("url")),
    Rule(
        "VK",
        _REDIRECTOR,
        ("vk.com", "*.vk.com", "vk.ru", "*.vk.ru", "vkontakte.ru"),
        path=re.compile(r"/away\.php"),
        inner=parameter("to"),
    ),
    Rule(
        "Odnoklassniki",
        _REDIRECTOR,
        ("ok.ru", "*.ok.ru", "odnoklassniki.ru", "*.odnoklassniki.ru"),
        path=re.compile("/dk"),
        inner=parameter("st.link", "st.rfn"),
    ),
    # Links in public repositories.
    Rule("Yandex", _REDIRECTOR, ("sba.yandex.net",), path=re.compile("/redirect"), inner=parameter("url")),
    Rule(
        "Pinterest",
        _REDIRECTOR,
        ("pinterest.com", "*.pinterest.com"),
        path=re.compile("/offsite/?"),
        inner=parameter("url"),
    ),
    # Links in public repositories: mail of Twitter.
    Rule(
        "Twitter",
        _REDIRECTOR,
        ("twitter.com", "mobile.twitter.com", "x.com"),
        path=re.compile("/i/redirect"),
        inner=parameter("url"),
    ),
    # Links in public repositories, and the user scripts that skip these pages.
    Rule(
        "QQ",
        _REDIRECTOR,
        ("c.pc.qq.com",),
        path=re.compile(r"/(?:middlem?|middlect|index|ios)\.html"),
        inner=url_or_host_parameter("pfurl", "url"),
    ),
    Rule(
        "QQ Mail",
        _REDIRECTOR,
        ("wx.mail.qq.com", "mail.qq.com"),
        path=re.compile("/xmspamcheck/xmsafejump|/cgi-bin/readtemplate"),
        inner=parameter("url", "gourl"),
    ),
    Rule("Weibo", _REDIRECTOR, ("weibo.cn",), path=re.compile("/sinaurl"), inner=parameter("u", "toasturl")),
    Rule("Zhihu", _REDIRECTOR, ("link.zhihu.com",), inner=parameter("target")),
    Rule("CSDN", _REDIRECTOR, ("link.csdn.net",), inner=parameter("target")),
    Rule("Juejin", _REDIRECTOR, ("link.juejin.cn", "link.juejin.im"), inner=parameter("target")),
    Rule(
        "Jianshu",
        _REDIRECTOR,
        ("www.jianshu.com", "links.jianshu.com"),
        path=re.compile("/go(?:-wild)?"),
        inner=parameter("url", "to"),
    ),
    Rule("Gitee", _REDIRECTOR, ("gitee.com",), path=re.compile("/link"), inner=parameter("target")),
    Rule("Douban", _REDIRECTOR, ("www.douban.com",), path=re.compile("/link2/?"), inner=parameter("url")),
    Rule("Naver", _REDIRECTOR, ("cc.loginfra.com",), inner=parameter("u")),
    # Links in public repositories.
    Rule(
        "Naver",
        _REDIRECTOR,
        ("cr.naver.com",),
        path=re.compile("/redirect-notification"),
        inner=parameter("u"),
    ),
    Rule("Medium", _REDIRECTOR, ("medium.com",), path=re.compile("/r/?"), inner=parameter("url")),
    Rule("Pocket", _REDIRECTOR, ("getpocket.com",), path=re.compile("/redirect"), inner=parameter("url")),
    # instantview.telegram.org: the page itself, as Telegram shows it.
    Rule("Telegram", _REDIRECTOR, ("t.me",), path=re.compile("/iv"), inner=parameter("url")),
    # The ways out of advertisements, which phishers put into mail.
    Rule(
        "Google Ads",
        _REDIRECTOR,
        (
            *("www.googleadservices.com", "ad.doubleclick.net", "adclick.g.doubleclick.net"),
            "googleads.g.doubleclick.net",
        ),
        path=re.compile("(?:/pagead)?/aclk|/pcs/click"),
        inner=parameter("adurl"),
    ),
    # Outlook on the web of Exchange up to 2016, and of 2003, on the organisations' own hosts: people copy its
    # links into their mail. urlpurify.
    Rule(
        "Outlook Web Access",
        _REDIRECTOR,
        marker="/redir.asp",
        path=re.compile(r"/owa/(?:.*/)?redir\.aspx|/exchweb/bin/redir\.asp", re.IGNORECASE),
        inner=parameter("url"),
    ),
    # `u` since 2025.
    Rule(
        "Steam",
        _REDIRECTOR,
        ("steamcommunity.com",),
        path=re.compile("/linkfilter/?"),
        inner=parameter("url", "u"),
    ),
)
