"""trackers: mailing services that count clicks. Many keep the URL on their servers.

"urlpurify" is github.com/macieklamberski/urlpurify, "kachi" is github.com/ninoseki/kachi, "untrack" is
github.com/klanchman/untrack: decoders with test links.
"""

import re
from typing import Final

import msgspec

from backstamp.urls.decoding import base64_decoded, unescaped, unescaped_url
from backstamp.urls.wrappers.rules import (
    Address,
    Rule,
    WrapperKind,
    base64_in_path,
    base64_parameter,
    host_in_path,
    json_decoded,
    json_in_path,
    parameter,
    raw_parameter,
)

_TRACKER: Final = WrapperKind.TRACKER
_POSTMARK_PATH: Final = re.compile(r"/[23][mt]?(s?)/([^/]+)/.*")
_NUMBERS: Final = ("", *range(2, 10))


class _MandrillPayload(msgspec.Struct):
    p: str


class _MandrillLink(msgspec.Struct):
    url: str


def _mandrill(address: Address) -> str | None:
    """`/track/click/<account>/<host>?p=<JSON in base64>`, whose own `p` is JSON with the URL."""
    value = raw_parameter(address.query, "p")
    raw = base64_decoded(unescaped(value)) if value is not None else None
    payload = json_decoded(raw, _MandrillPayload) if raw is not None else None
    link = json_decoded(payload.p.encode("utf-8", "replace"), _MandrillLink) if payload is not None else None
    return link.url if link is not None else parameter("url")(address)


def _mandrill_host(address: Address) -> str | None:
    return address.path.rpartition("/")[2]


def _amazon_ses(address: Address) -> str | None:
    """`/L0/<percent-encoded URL>/<number>/<message>/<signature>`, `/CL0/` on the customers' hosts.

    The URL is encoded as a rule, so its first slash ends it; where it is not, the three pieces behind it do.
    """
    text = address.path.partition("L0/")[2]
    pieces = text.rsplit("/", 3)
    if len(pieces) == 4 and pieces[1].isdigit():
        return unescaped_url(pieces[0])
    return unescaped_url(text.partition("/")[0])


def _postmark(address: Address) -> str | None:
    """`/3s/<percent-encoded URL without its scheme>/...`: `s` for https."""
    match = _POSTMARK_PATH.fullmatch(address.path)
    return f"http{match[1]}://{unescaped_url(match[2])}" if match is not None else None


TRACKERS: Final = (
    # Links in public repositories; the URL is on the servers.
    Rule(
        "Mailchimp",
        _TRACKER,
        ("*.list-manage.com", "*.list-manage1.com", "*.list-manage2.com"),
        path=re.compile("/track/click"),
    ),
    # urlpurify.
    Rule(
        "Mailchimp",
        _TRACKER,
        ("*.mailchimp.com",),
        path=re.compile("/mctx/clicks?"),
        inner=parameter("url"),
    ),
    # untrack, urlpurify; links in public repositories.
    Rule(
        "Mandrill",
        _TRACKER,
        ("mandrillapp.com",),
        path=re.compile(r"/track/click(?:\.php|/.*)"),
        inner=_mandrill,
        inner_host=_mandrill_host,
    ),
    # Links in public repositories; `upn` is encrypted.
    Rule("SendGrid", _TRACKER, ("sendgrid.net", "*.sendgrid.net"), path=re.compile(r"/.*/click")),
    Rule("SendGrid", _TRACKER, marker="/ls/click?upn=", path=re.compile(r"/(?:.*/)?ls/click")),
    # Links in public repositories.
    Rule("HubSpot", _TRACKER, ("*.hubspotlinks.com",)),
    # urlpurify: old links only hold the URL.
    Rule(
        "HubSpot",
        _TRACKER,
        tuple(f"t.sidekickopen{number:02}.com" for number in range(1, 100)),
        path=re.compile(r"/(?:e1t|s[12]t)/c/.*"),
        inner=parameter("t"),
    ),
    # kachi, urlpurify; links in public repositories.
    Rule("Amazon SES", _TRACKER, ("*.awstrack.me",), path=re.compile("/L0/.*"), inner=_amazon_ses),
    Rule(
        "Amazon SES",
        _TRACKER,
        marker="/CL0/http",
        path=re.compile(r"/CL0/http.*/\d+/[^/]+-000000/[^/]+"),
        inner=_amazon_ses,
    ),
    # urlpurify; links in public repositories.
    Rule("Postmark", _TRACKER, ("click.pstmrk.it", "track.pstmrk.it"), inner=_postmark),
    # urlpurify: old links only hold the URL.
    Rule(
        "Constant Contact",
        _TRACKER,
        ("rs6.net", "*.rs6.net"),
        path=re.compile(r"/tn\.jsp"),
        inner=parameter("p"),
    ),
    # Links in public repositories: mail of Azure and Power BI.
    Rule(
        "Microsoft Azure mail",
        _TRACKER,
        ("*.safelink.emails.azure.net",),
        path=re.compile("/redirect/?"),
        inner=parameter("destination"),
    ),
    # urlpurify.
    Rule(
        "Substack",
        _TRACKER,
        ("substack.com",),
        path=re.compile("/redirect/.*"),
        inner=json_in_path(r"/redirect/2/([\w-]+)\..*", "e"),
    ),
    # Links in public repositories.
    Rule(
        "Mailjet",
        _TRACKER,
        ("*.mjt.lu",),
        path=re.compile("/lnk/.*"),
        inner=base64_in_path("/lnk/(?:[^/]+/){3}(.+)"),
    ),
    # Links in public repositories, and decoders there.
    Rule(
        "Kit (ConvertKit)",
        _TRACKER,
        tuple(f"*.{brand}-mail{number}.com" for brand in ("convertkit", "kit") for number in _NUMBERS),
        inner=base64_in_path("/(?:c/)?[^/]+/[^/]+/(.+)"),
    ),
    # Links in public repositories.
    Rule(
        "Customer.io",
        _TRACKER,
        ("e.customeriomail.com", "track.customer.io"),
        path=re.compile("/e/c/.*"),
        inner=json_in_path(r"/e/c/([\w-]+=*)(?:/.*)?", "href"),
    ),
    # Links in public repositories: JSON, and since about 2023 as the middle of a JWT.
    Rule(
        "Drip",
        _TRACKER,
        tuple(f"t.dripemail{number}.com" for number in _NUMBERS),
        path=re.compile("/c/.*"),
        inner=json_in_path(r"/c/(?:[\w-]+\.)?([\w-]+=*)(?:\.[\w-]+)?", "url"),
    ),
    # urlpurify; links in public repositories.
    Rule(
        "ActiveCampaign",
        _TRACKER,
        tuple(f"*.acemln{letter}.com" for letter in "abcd"),
        path=re.compile("/Prod/link-tracker"),
        inner=base64_parameter("redirecturl"),
    ),
    # Decoders and links in public repositories; the hosts are the customers'.
    Rule(
        "Sailthru",
        _TRACKER,
        marker="/aHR0c",
        path=re.compile(r"/click/[0-9.]+/aHR0c[\w-]+=*/[0-9A-Za-z]+"),
        inner=base64_in_path("/click/[^/]+/([^/]+)/[^/]+"),
    ),
    # urlpurify; links in public repositories.
    Rule(
        "Squarespace",
        _TRACKER,
        ("engage.squarespace-mail.com", "*.engage.squarespace-mail.com"),
        path=re.compile("/r"),
        inner=parameter("u"),
    ),
    # urlpurify.
    Rule(
        "WordPress.com",
        _TRACKER,
        ("public-api.wordpress.com",),
        path=re.compile("/bar/"),
        inner=parameter("redirect_to"),
    ),
    # urlpurify; links in public repositories.
    Rule(
        "Mailtrack",
        _TRACKER,
        ("mailtrack.io",),
        path=re.compile("/(?:(?:trace/)?link|l)/[^/]+"),
        inner=parameter("url"),
    ),
    # urlpurify; links in public repositories.
    Rule(
        "Yesware",
        _TRACKER,
        ("t.yesware.com",),
        path=re.compile("/tt/.*"),
        inner=host_in_path("/tt/(?:[0-9a-f]+/){3}"),
    ),
)
