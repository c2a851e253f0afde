"""own_entries: a host or URL as an administrator writes it, as the expression by which it is looked up."""

import re
from typing import Final

from backstamp.policy.clicks import DIGEST_BYTES
from backstamp.urls.as_listed import as_listed
from backstamp.urls.domains import registrable_domain
from backstamp.urls.safe_browsing import (
    full_hash,
    host_expression,
    is_address,
    names_host,
    url_expression,
)

LONGEST_EXPRESSION: Final = 4096
"""Characters; longer URLs are for one mail only, and their host can be named."""
_SCHEME: Final = re.compile(r"https?:[/\\]", re.IGNORECASE)
_OTHER_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:(?![0-9])", re.IGNORECASE)
_SHOWN: Final = 80


class NotNamedError(ValueError):
    """The text names no host or URL that can be listed; the message is one line for its writer."""


def expression_of(text: str, *, wanted: str = "host or URL") -> str:
    """Return the Safe Browsing expression of a host (with its subdomains) or an http(s) URL.

    What has neither scheme nor path is a host; a URL without a path names its host, and one that ends with a
    slash all that is in the folder; disguises and wildcards as in `urls.as_listed`. Raises `NotNamedError`
    for what names neither, and for public suffixes: nobody means all of `co.uk`. `wanted` is what its writer
    was asked for.
    """
    text = text.strip()
    if not text:
        raise NotNamedError(f"give a {wanted}")
    shown = _shown(text)
    named = as_listed(text)
    if named is None:
        raise NotNamedError(f"{shown} is a range of addresses; give hosts one by one")
    text = named
    if re.search(r"\s", text):
        raise NotNamedError(f"{shown} has blanks in it; give one {wanted}")
    if not _SCHEME.match(text):
        if _OTHER_SCHEME.match(text):
            raise NotNamedError(f"{shown} is no http or https URL; give a {wanted}")
        if "@" in re.split(r"[/?#\\]", text, maxsplit=1)[0]:
            raise NotNamedError(f"{shown} is a mail address; give a {wanted}")
        whole_host = not re.search(r"[/?#\\:]", text)
        expression = host_expression(text) if whole_host else url_expression(f"http://{text}")
    else:
        expression = url_expression(text)
    if expression is None:
        raise NotNamedError(f"{shown} is no {wanted}")
    host, _, path = expression.partition("/")
    if not names_host(host):
        raise NotNamedError(f"{shown} names no host in full")
    if len(expression) > LONGEST_EXPRESSION:
        raise NotNamedError(f"{shown} has more than {LONGEST_EXPRESSION} characters; name its host")
    if not path and not is_address(host) and registrable_domain(host) is None:
        raise NotNamedError(f"{shown} is a public suffix: below it are the domains of many")
    return expression


def host_of(text: str, *, wanted: str = "host") -> str:
    """Return a host in lower case and A-labels. Raises `NotNamedError` for a URL with a path too."""
    expression = expression_of(text, wanted=wanted)
    host, _, path = expression.partition("/")
    if path:
        raise NotNamedError(f"{_shown(text)} is more than a {wanted}")
    return host


def digest_of(expression: str) -> bytes:
    """Return the first `DIGEST_BYTES` of an expression's SHA-256, by which own lists and kills know it."""
    return full_hash(expression)[:DIGEST_BYTES]


def _shown(text: str) -> str:
    cut = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return "".join(c if c.isprintable() else "?" for c in cut)
