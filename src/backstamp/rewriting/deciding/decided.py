"""decided: what was decided on a link."""

import msgspec

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.urls.parsing import WebUrl


class Decided(msgspec.Struct, gc=False):
    """A link, what a click on it would request (None: nothing), and why it is left alone (None: wrap it).

    `inner_url` is the address inside another vendor's wrapper; `number` that of a wrapped link. `holds_place`
    says that a link which is not wrapped has a number all the same. `address` is that of its `Target`.
    """

    link: FoundLink
    url: WebUrl | None
    reason: SkipReason | None
    inner_url: str = ""
    number: int | None = None
    holds_place: bool = False
    address: str = ""
