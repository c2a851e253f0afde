"""merge_tags: placeholders that a relay behind us fills in for each recipient."""

import re
from typing import Final

_LONGEST: Final = 204
_MERGE_TAG: Final = re.compile(
    r"\{\{(?:\$\{[^{}]{1,100}\}|[^{}]){1,200}\}\}|\{%[^{}]{1,200}%\}|<%[^<]{1,200}?%>|\*\|[^|]{1,200}\|\*"
    r"|\[\[[^\[\]]{1,200}\]\]|%%[^%]{1,200}%%|%(?![0-9a-f]{2})[a-z][\w.-]{2,200}%(?![0-9a-f]{2})",
    re.IGNORECASE,
)
"""Of Handlebars and Braze, Liquid, ERB, Mailchimp, Mailjet, SFMC, SendGrid and Mailgun, in this order.

None begins within another: where one could, a link of 16,000 braces took 25 ms. `50%off%20now` holds none.
A wiki's `[[page]]` and `{{template}}` have the same form. A link that is not tracked costs a click in the
statistics; a placeholder that no relay can fill leads every recipient astray.
"""


def holds_merge_tag(address: str) -> bool:
    """Return whether a placeholder stands in an address."""
    return _MERGE_TAG.search(address) is not None


def begins_merge_tag(text: str, start: int, end: int) -> bool:
    """Return whether a placeholder begins in this span of a text, or right behind it.

    It may hold what ends an address in a text: `https://example.com/?id=<%= id %>`.
    """
    found = _MERGE_TAG.search(text, start, end + _LONGEST)
    return found is not None and found.start() <= end
