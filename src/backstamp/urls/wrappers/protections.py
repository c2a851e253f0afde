"""protections: mail gateways that wrap links to check them at the click.

Each rule names what it was read from. "urlpurify" is github.com/macieklamberski/urlpurify, "kachi" is
github.com/ninoseki/kachi: decoders with test links. "List mail" are links quoted on public mailing lists.
"""

import re
import zlib
from typing import Final

import msgspec

from backstamp.urls.decoding import as_text, base64_decoded, unescaped, unescaped_url
from backstamp.urls.wrappers.proofpoint import read_proofpoint
from backstamp.urls.wrappers.rules import (
    Address,
    Rule,
    WrapperKind,
    base64_in_path,
    base64_parameter,
    host_parameter,
    is_broken_off,
    json_decoded,
    parameter,
    raw_parameter,
)

_HARMONY_BEGIN: Final = re.compile(r"/v2/(?:r\d+/)?___")
_HARMONY_END: Final = "___."
_HARMONY_ESCAPE: Final = re.compile(r"\*([0-9A-Fa-f]{2})")
_ESCAPED_COLON: Final = re.compile(r"(https?)%3a", re.IGNORECASE)
_LONGEST_URL: Final = 16_384
_VIPRE_PLACES: Final = (2, 3, 8, 1, 9, 5, 6, 0, 7, 4)
"""Where the first, second, ... tenth character of a URL stands within its block."""
_CISCO_PATH: Final = re.compile(r"/[^/]+/(https?(?::|%).+)", re.IGNORECASE)

_WHOLE_URL: Final = re.compile(r"/https?:/", re.IGNORECASE)


class _MailinblackKey(msgspec.Struct):
    url: str


def _check_point(address: Address) -> str | None:
    """`/v1/url?o=<URL>`, or `/v2/___<URL>___.<blob>` with `*2F` for `%2F` in the URL's path."""
    begin = _HARMONY_BEGIN.match(address.rest)
    if begin is None:
        return parameter("o")(address)
    end = address.rest.rfind(_HARMONY_END)
    if end < begin.end():
        return None
    path, question, query = address.rest[begin.end() : end].partition("?")
    path = _ESCAPED_COLON.sub(r"\1:", _HARMONY_ESCAPE.sub(r"%\1", path), count=1)
    # A fragment stands behind the blob, where a browser finds it.
    _, hash_sign, fragment = address.rest[end:].partition("#")
    return path + question + query + hash_sign + fragment


def _cisco(address: Address) -> str | None:
    """`/<blob>/<percent-encoded URL>`; a blob alone is a key to the vendor's servers."""
    match = _CISCO_PATH.fullmatch(address.path)
    return unescaped_url(match[1]) if match is not None and not is_broken_off(match[1]) else None


def _behind_the_host(address: Address) -> str | None:
    """`/<URL>`, of whose two slashes some programs leave one."""
    return address.rest[1:] if _WHOLE_URL.match(address.rest) else None


def _egress(address: Address) -> str | None:
    """`Base64Url` is deflated with zlib's header, then base64; no more is inflated than a URL has."""
    value = raw_parameter(address.query, "base64url")
    packed = base64_decoded(unescaped(value)) if value is not None else None
    if packed is None:
        return None
    inflater = zlib.decompressobj()
    try:
        url = inflater.decompress(packed, _LONGEST_URL)
    except zlib.error:
        return None
    return as_text(url) if inflater.eof else None


def _mailinblack(address: Address) -> str | None:
    """`key` is JSON in base64; the `url` beside it names the site only."""
    key = raw_parameter(address.query, "key")
    raw = base64_decoded(unescaped(key)) if key is not None else None
    content = json_decoded(raw, _MailinblackKey) if raw is not None else None
    return content.url if content is not None else None


def _vipre(address: Address) -> str | None:
    """`o` holds blocks of ten characters in an order of its own, and backwards what is left over.

    Only in a link that goes on behind it: of one that was cut off nobody knows where the last block ends.
    """
    value = raw_parameter(address.query, "o")
    if value is None or raw_parameter(address.query, "s") is None:
        return None
    mixed = unescaped(value)
    whole = len(mixed) - len(mixed) % len(_VIPRE_PLACES)
    blocks = (mixed[at : at + len(_VIPRE_PLACES)] for at in range(0, whole, len(_VIPRE_PLACES)))
    return "".join(block[place] for block in blocks for place in _VIPRE_PLACES) + mixed[whole:][::-1]


_PROTECTIVE: Final = WrapperKind.PROTECTIVE

PROTECTIONS: Final = (
    # learn.microsoft.com/defender-office-365/safe-links-about; office365.us: list mail; cn and mil: decoders.
    Rule(
        "Microsoft Safe Links",
        _PROTECTIVE,
        (
            "safelinks.protection.outlook.com",
            "*.safelinks.protection.outlook.com",
            "safelinks.protection.office365.us",
            "*.safelinks.protection.office365.us",
            "safelinks.protection.partner.outlook.cn",
            "*.safelinks.protection.partner.outlook.cn",
            "*.safelinks.protection.outlook.cn",
            "safelinks.protection.apps.mil",
            "*.safelinks.protection.apps.mil",
        ),
        inner=parameter("url"),
    ),
    # Outlook on the web: ClearURLs issue 438, urlpurify; cloud.microsoft: links in public repositories.
    Rule(
        "Microsoft Safe Links",
        _PROTECTIVE,
        ("outlook.office.com", "outlook.office365.com", "outlook.cloud.microsoft"),
        path=re.compile(r"/mail/safelink\.html"),
        inner=parameter("url"),
    ),
    # Teams: links in public repositories; staticsint and onecdn: decoders.
    Rule(
        "Microsoft Safe Links",
        _PROTECTIVE,
        (
            "statics.teams.cdn.office.net",
            "staticsint.teams.cdn.office.net",
            "teams.public.onecdn.static.microsoft",
        ),
        path=re.compile(r"/.*safelinks.*"),
        inner=parameter("url"),
    ),
    Rule(
        "Proofpoint URL Defense",
        _PROTECTIVE,
        ("urldefense.proofpoint.com", "urldefense.com", "urldefense.us"),
        inner=read_proofpoint,
    ),
    # urlpurify.
    Rule(
        "Proofpoint URL Isolation",
        _PROTECTIVE,
        ("urlisolation.com",),
        path=re.compile("/browser"),
        inner=parameter("url"),
    ),
    # "URL Protect: embedded links" of mimecastsupport.zendesk.com; `url=`: urlpurify, kept for the rare link.
    Rule(
        "Mimecast URL Protect",
        _PROTECTIVE,
        ("protect.mimecast.com", "protect-*.mimecast.com", "*.mimecastprotect.com"),
        inner=parameter("url"),
        inner_host=host_parameter("domain"),
    ),
    # List mail; links of other regions in public repositories.
    Rule(
        "Barracuda Link Protection",
        _PROTECTIVE,
        ("linkprotect.cudasvc.com", "*.linkprotect.cudasvc.com"),
        inner=parameter("a"),
    ),
    # kb.intermedia.net/article/23554: "if you need to decode a URL, contact support".
    Rule("Intermedia LinkSafe", _PROTECTIVE, ("url.emailprotection.link",)),
    # "New rewritten URL format" of avanan.com; urlpurify; links in public repositories.
    Rule(
        "Check Point Harmony",
        _PROTECTIVE,
        ("protect.checkpoint.com", "url.avanan.click", "*.url-protection.com"),
        inner=_check_point,
    ),
    # sthu.org, "Cleaning Cisco URL rewriting"; the appliance's template is `%(auth)s/%(url)s`.
    Rule("Cisco Secure Email", _PROTECTIVE, ("secure-web.cisco.com",), inner=_cisco),
    # knowledge.broadcom.com article 173364; links in public repositories.
    Rule("Symantec Click-time Protection", _PROTECTIVE, ("clicktime.symantec.com",), inner=parameter("u")),
    # Links quoted on the web: `clicktime.php?U=<URL>&E=<recipient>&HV=U,E,X,T`; no decoder confirms it.
    Rule("SilverSky Click Time", _PROTECTIVE, ("clicktime.cloud.postoffice.net",), inner=parameter("u")),
    # List mail: one host for each product and version.
    Rule(
        "Trend Micro Click Time Protection",
        _PROTECTIVE,
        ("*.trendmicro.com",),
        path=re.compile(r"/wis/clicktime/.*"),
        inner=parameter("url"),
    ),
    # docs.sophos.com, "URL Protection": `d` is the domain, `u` the URL in base64 and not always there.
    Rule(
        "Sophos Email",
        _PROTECTIVE,
        ("*.protection.sophos.com",),
        inner=base64_parameter("u"),
        inner_host=host_parameter("d"),
    ),
    # List mail (protect2); protect3-qa and protect: decoders.
    Rule(
        "Trellix (FireEye) URL Defense",
        _PROTECTIVE,
        ("protect*.fireeye.com",),
        path=re.compile(r"(?:/v\d)?/url"),
        inner=parameter("u"),
    ),
    # support.hornetsecurity.com article 360011312977: a generic middle part and the original URL.
    Rule(
        "Hornetsecurity Secure Links",
        _PROTECTIVE,
        ("seclinks.cloud-security.net", "atpscan.global.hornetsecurity.com"),
        inner=parameter("u"),
    ),
    # urlpurify; `/2/<blob>/<host>/` is older and does not tell the scheme.
    Rule(
        "Vade",
        _PROTECTIVE,
        ("antiphishing.vadesecure.com", "m365.*.vadesecure.com", "gws.*.vadesecure.com"),
        path=re.compile(r"/v\d|/safeproxy/v\d|/\d/.*"),
        inner=parameter("u"),
    ),
    # bitdefender.com, "Working with LinkScan"; help.clouduss.com, "LinkScan": an encoded address.
    Rule(
        "LinkScan",
        _PROTECTIVE,
        ("linkscan.io", "lsems.gravityzone.bitdefender.com"),
        path=re.compile(r"/scan/.*"),
        inner=base64_in_path("/scan/(?:ux/)?([^/]+)(?:/.*)?"),
    ),
    # Links in public repositories (AppRiver, Zix): ThePhish issue 27, urlpurify.
    Rule(
        "EdgePilot",
        _PROTECTIVE,
        ("link.edgepilot.com", "link.zixcentral.com"),
        path=re.compile(r"/[sxu]/.*"),
        inner=parameter("u"),
    ),
    # List mail.
    Rule(
        "Trustwave MailMarshal",
        _PROTECTIVE,
        ("scanmail.trustwave.com",),
        inner=parameter("u"),
    ),
    # List mail, urlpurify, kachi.
    Rule("Libraesva URL Sandbox", _PROTECTIVE, ("urlsand.esvalabs.com",), inner=parameter("u")),
    # urlpurify.
    Rule("TitanHQ LinkLock", _PROTECTIVE, ("linklock.titanhq.com",), inner=parameter("url")),
    # urlpurify.
    Rule("Topsec", _PROTECTIVE, ("scanner.topsec.com",), inner=parameter("u")),
    # urlpurify.
    Rule(
        "Mailinblack Secure Link",
        _PROTECTIVE,
        ("*.mailinblack.com",),
        path=re.compile(r"/securelink/"),
        inner=_mailinblack,
    ),
    # List mail: the whole URL is in the blob.
    Rule(
        "Darktrace",
        _PROTECTIVE,
        ("*.antigena.com",),
        path=re.compile(r"/l/.*"),
    ),
    # support.knowbe4.com article 35666043130515; the hosts of regions and what `Base64Url` holds: the decoder
    # knowb4-decode-py and its test link, links in public repositories. `Domain` is not the target's.
    Rule(
        "Egress Defend",
        _PROTECTIVE,
        ("links.defend.egress.com", "links.*.defend.egress.com"),
        inner=_egress,
        inner_host=host_parameter("@originallink"),
    ),
    # Links in public repositories.
    Rule(
        "Zscaler Isolation",
        _PROTECTIVE,
        ("*.isolation.zscaler.com",),
        path=re.compile("/profile/.*"),
        inner=parameter("original_url"),
    ),
    # Links in public repositories: the URL behind the host as it is.
    Rule("Menlo Security", _PROTECTIVE, ("safe.menlosecurity.com",), inner=_behind_the_host),
    # Links in public repositories.
    Rule(
        "INKY",
        _PROTECTIVE,
        ("shared.outlook.inky.com",),
        path=re.compile("/link"),
        inner_host=host_parameter("domain"),
    ),
    # Links in public repositories, whose order the targets give away: UN metadata, a university's meetings.
    Rule(
        "VIPRE Email Security",
        _PROTECTIVE,
        ("url*.mailanyone.net",),
        path=re.compile(r"/scanner|/v\d/"),
        inner=_vipre,
    ),
    # github.com/SUNET/Mailfilter-URLProxy, which stands in for it.
    Rule(
        "CanIt",
        _PROTECTIVE,
        ("urlproxy.sunet.se",),
        path=re.compile(r"/canit/urlproxy\.php"),
        inner=base64_parameter("_q"),
    ),
    # docs.fortinet.com, FortiMail CLI, `rewrite-url-base`: the hosts are the customers'; list mail.
    Rule(
        "FortiMail URL Click Protection",
        _PROTECTIVE,
        marker="/fmlurlsvc/?",
        path=re.compile(r"/fmlurlsvc/"),
        inner=parameter("url"),
    ),
)
"""The first rule for a host and path wins."""
