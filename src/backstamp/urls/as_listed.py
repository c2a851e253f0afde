"""as_listed: a host or URL out of what people write for one on lists and in reports.

They put it in quotation marks, disguise it so that no program follows it (`hxxps[:]//evil[.]example/`), and
write wildcards for what an expression says by itself: it stands for all below a host, and with a slash at its
end for all in a folder.
"""

import ipaddress
import re
from typing import Final

_QUOTED: Final = re.compile(r"(?:\"(.+)\"|'(.+)'|`(.+)`|<(.+)>),?")
"""With the comma behind it that stands between the strings of a JSON array, one on each line."""
_DISGUISED: Final = re.compile(r"[\[({](dot|[.:/]{1,3})[\])}]", re.IGNORECASE)
_HTTP: Final = re.compile(r"h(?:tt|xx|tx|\*\*|__)p(?:s|\[s\]|\(s\))?(?=:)", re.IGNORECASE)
_WILD_SCHEME: Final = re.compile(r"(?:\*|https?)://(?:\*\.)?", re.IGNORECASE)
"""`*://*.evil.example/*` is how browsers' extensions name a site."""
_RANGE: Final = re.compile(
    r"(?P<first>[0-9.]{1,15}|[0-9A-Fa-f:.]{0,45}:[0-9A-Fa-f:.]{0,45})(?:/(?P<bits>[0-9]{1,3}))?"
)
"""No longer than an address may be: what stands before the colon and behind it is looked for at each."""


def as_listed(text: str) -> str | None:
    """Return the host or URL that is meant; None for a range of addresses, which no list can hold.

    An IPv6 address comes in brackets. Text that names neither host nor URL comes back as it is, or nearly so:
    whether it does is for the reader of hosts and URLs to say. Never raises.
    """
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        text = quoted[quoted.lastindex or 0]
    text = _DISGUISED.sub(lambda found: "." if found[1].lower() == "dot" else found[1], text)
    http = _HTTP.match(text)
    if http is not None:
        text = ("https" if "s" in http[0].lower() else "http") + text[http.end() :]
    scheme = _WILD_SCHEME.match(text)
    if scheme is not None:
        text = ("" if text[0] == "*" else scheme[0].removesuffix("*.")) + text[scheme.end() :]
    else:
        text = text.removeprefix("*").removeprefix(".")
    if text.endswith("/*"):
        text = text[:-1]
    addresses = _RANGE.fullmatch(text)
    return text if addresses is None else _one_address(text, addresses)


def _one_address(text: str, found: re.Match[str]) -> str | None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return text
    if network.num_addresses > 1:
        return None
    return f"[{found['first']}]" if network.version == 6 else found["first"]
