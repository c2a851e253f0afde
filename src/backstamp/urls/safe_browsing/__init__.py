"""safe_browsing: the keys under which lists of dangerous URLs are looked up.

By Google's Safe Browsing documentation, "URLs and Hashing" of version 4
(developers.google.com/safe-browsing/v4/urls-hashing), whose examples are the norm here. Version 5 forms the
suffixes of a host from its registrable domain, version 4 from its last five labels: version 4 is what this
does. No list of public suffixes is needed then; only of hosts of six labels and more under a suffix of two or
more does version 5 ask for one that this does not (of `a.b.c.d.example.co.uk`: `c.d.example.co.uk` both, and
`b.c.d.example.co.uk` version 5 alone). Of version 5 comes what version 4 leaves open: IPv6 addresses in their
short form, and as IPv4 where they are mapped or translated.

The specification wants a URL that a browser has parsed. So what is looked up is `WebUrl.href`
(`urls.parsing.web_url`); raw text that no browser takes is read as the specification's examples read it.
"""

from backstamp.urls.safe_browsing.canonical import Canonical, canonical_of_text, canonicalise
from backstamp.urls.safe_browsing.expressions import expressions, host_expression, url_expression
from backstamp.urls.safe_browsing.hashes import HASH_BYTES, expressions_by_hash, full_hash, full_hashes
from backstamp.urls.safe_browsing.hosts import is_address, names_host

__all__ = [
    "HASH_BYTES",
    "Canonical",
    "canonical_of_text",
    "canonicalise",
    "expressions",
    "expressions_by_hash",
    "full_hash",
    "full_hashes",
    "host_expression",
    "is_address",
    "names_host",
    "url_expression",
]
