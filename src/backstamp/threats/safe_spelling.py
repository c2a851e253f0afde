"""safe_spelling: a host name as it may be shown to a person who must decide by it.

In Unicode where nobody can take it for another; else in Punycode, which looks like nothing else.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import quote

import msgspec

from backstamp.threats.confusables import doubt_of, unicode_labels
from backstamp.threats.findings import ThreatReason
from backstamp.threats.heuristics.host_looks import organisation
from backstamp.urls.domains import registrable_domain
from backstamp.urls.parsing import web_url

_MAX_HOST: Final = 254
"""RFC 1035, section 3.1: 253 characters, and the root's dot."""
_ENDS_HOST: Final = re.compile(r"[\x00-\x20\x7f/?#@\\]|:(?![0-9a-f:.]*\])", re.IGNORECASE)
_SHOWN_AS_IT_IS: Final = ".-_:[]"
_IMITATIONS: Final = frozenset({ThreatReason.LOOKS_LIKE_OWN, ThreatReason.LOOKS_LIKE_KNOWN})
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
_ROOT_DOT: Final = re.compile(r"(?<=[^.])\.\Z")
_CUT: Final = "…"


class SafeHost(msgspec.Struct, frozen=True):
    """A host to be shown: `below`, then `domain`, which is the part that somebody registered (to be marked).

    `below` ends in a dot, or is empty; an address and a single label are all `domain`. `is_punycode` tells
    that there are letters outside ASCII which could be taken for others, and so are spelled in Punycode. Both
    parts are free of blanks, controls, invisible and bidirectional characters, but not of quotes and `&`:
    escape as ever, and isolate (`<bdi dir="ltr">`), since letters may run from right to left.
    """

    below: str
    domain: str
    is_punycode: bool = False

    @property
    def text(self) -> str:
        """The whole host."""
        return self.below + self.domain


def spelled_safely(host: str, own_domains: tuple[str, ...] = ()) -> SafeHost:
    """Return how to show a host.

    `host` is that of a URL (A-labels), or any text at all: what is no host comes back percent-encoded, and of
    one longer than 254 characters the end, where the domain is. Unicode is shown where every label is as its
    language is written (`confusables.doubt_of`), none looks like a well-known or an own domain, and its parts
    are read in their order. Never raises.
    """
    cut = len(host) > _MAX_HOST
    url = web_url(f"http://{host[-_MAX_HOST:]}/") if not _ENDS_HOST.search(host[-_MAX_HOST:]) else None
    if url is None:
        return SafeHost("", (_CUT if cut else "") + quote(_whole(host[-_MAX_HOST:]), safe=_SHOWN_AS_IT_IS))
    name = _ROOT_DOT.sub("", url.host)
    domain = registrable_domain(name)
    labels = unicode_labels(name)
    is_punycode = "xn--" in name and not _is_plain(name, labels, own_domains)
    if is_punycode:
        labels = tuple(name.split("."))
    depth = len(labels) - domain.count(".") - 1 if domain is not None else 0
    below = "".join(f"{label}." for label in labels[:depth])
    return SafeHost((_CUT if cut else "") + below, ".".join(labels[depth:]), is_punycode)


def _is_plain(name: str, labels: tuple[str, ...], own_domains: tuple[str, ...]) -> bool:
    if any(doubt_of(label, labels[-1]) is not None for label in labels):
        return False
    if any(label.startswith("xn--") for label in labels) or not _in_order(labels):
        return False
    return not any(sign.reason in _IMITATIONS for sign in organisation(own_domains).looks(name).signs)


def _in_order(labels: tuple[str, ...]) -> bool:
    """Whether labels are shown in the order in which they stand.

    Where two run from right to left among others that do not, or digits follow one, the display swaps them
    (Unicode Bidirectional Algorithm, rules N1 and W7: dots and digits between them join the run).
    """
    backward = [
        any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in label) for label in labels
    ]
    if not any(backward) or all(backward):
        return True
    behind = labels[backward.index(True) + 1 :]
    return backward.count(True) == 1 and not any(label[0:1].isdigit() for label in behind[:1])


def _whole(text: str) -> str:
    """Return the text without halves of surrogate pairs, which no encoding can write."""
    return text.encode("utf-8", "replace").decode()
