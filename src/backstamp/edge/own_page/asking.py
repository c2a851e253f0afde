"""What is asked for: the act that a POST's body names."""

import re
from typing import Final
from urllib.parse import parse_qsl

from backstamp.vocabulary import WishAct

BODY_LIMIT: Final = 4096
"""A mail program's one-click body has 26 octets as a form, and some 200 as multipart."""
MOST_FIELDS: Final = 10
"""Of a form; ours has one."""
_ACTS: Final = {act.value: act for act in WishAct}
_ONE_CLICK_PART: Final = re.compile(
    rb'^content-disposition:(?>[^\r\n]*?;[ \t]*name="?list-unsubscribe"?[^\r\n]*)\r?\n'
    rb"(?>(?:(?!content-disposition:)[^\r\n]+\r?\n)*)\r?\nOne-Click[ \t]*(?:\r?\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
"""Begun at the beginning of a line alone, and ended where another one begins: else one line of `BODY_LIMIT`
took 88 ms, and many of them 4 ms, in which the whole worker waited."""


def act_of(body: bytes) -> tuple[WishAct, bool] | None:
    """Return the act that a form's body names, and whether it is one-click's (RFC 8058 §3.2); else None.

    One-click's body comes as a form or as multipart. Never raises: a form of more than `MOST_FIELDS` names
    nothing.
    """
    fields = _fields(body)
    if fields.get("List-Unsubscribe", "").lower() == "one-click" or _ONE_CLICK_PART.search(body):
        return WishAct.UNSUBSCRIBE, True
    act = _ACTS.get(fields.get("act", ""))
    return None if act is None else (act, False)


def _fields(body: bytes) -> dict[str, str]:
    """Return a form's fields; of those with one name the first."""
    try:
        pairs = parse_qsl(body.decode("latin-1").strip(), max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return dict(reversed(pairs))
