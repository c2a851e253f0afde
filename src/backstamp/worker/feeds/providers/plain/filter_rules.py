"""filter_rules: the lines of filter lists, as ad blockers read them, that name a whole host or one address.

Syntax: help.adblockplus.org "How to write filters", and AdGuard's "DNS filtering rules syntax". A rule of
which an ad blocker would stop a part only (pictures, other sites' frames, what a pattern fits) does not say
that the host is dangerous, and names nothing here.
"""

import re
from typing import Final

from backstamp.urls.as_listed import as_listed

_RULE: Final = re.compile(r"\||@@|/|.*#[@?$%]*#")
"""Anchored; exceptions; regular expressions; what hides parts of a page (`example.com##.ad`)."""
_OF_ALL: Final = frozenset({"all", "document", "doc", "important"})
"""Options with which a rule still stops the page itself, wherever one comes from."""
_PATTERN: Final = re.compile(r"[*^|]")


def is_filter_rule(word: str) -> bool:
    """Return whether a word of a list is a rule, and no host or URL."""
    return _RULE.match(word) is not None


def named_by_rule(rule: str) -> str | None:
    """Return the host or URL that a rule stops altogether; None where it does less, or something else."""
    if not rule.startswith("|"):
        return None
    pattern, dollar, options = rule.rpartition("$")
    if not dollar:
        pattern = rule
    elif not _OF_ALL.issuperset(options.lower().split(",")):
        return None
    name = as_listed(pattern.lstrip("|").removesuffix("*").removesuffix("^").removesuffix("|"))
    return None if name is None or _PATTERN.search(name) else name
