"""in_base64: addresses that somebody put into a URL as base64, wherever in it and with whatever before them.

A byte's place in base64 has three forms, by how many bytes stand before it in its group. Those of `http`, in
upper and lower case, are looked for in all three; so neither what the address stands in (JSON, `url=`) nor a
sign before the base64 (Bing's `a1`) hides it.
"""

import re
from collections.abc import Iterator
from typing import Final

from backstamp.urls.decoding import as_text, base64_decoded, unescaped

_MAY_BEGIN: Final = re.compile("R[0UwQ][cUOJ]")
_MAY_BEGIN_BEHIND_ONE: Final = re.compile("h[0U][dV][HF]")
"""One of these, or of three plain pieces, is in all that `_BEGIN` finds: a tenth of its time."""
_BEGIN: Final = re.compile(
    "[aS][HF]R[0U][cU][CDFH]"  # in front of its group
    "|h[0U][dV][HF](?:A[6l]|B[zT])"  # behind one byte
    "|[oI][dV][HF]R[wQ][OcUJ]"  # behind two
    "|YUhSMG|U0ZSVV"  # base64 of the first form
    "|(?<![A-Za-z0-9+_-])Ly9"  # two slashes, at the beginning of all
)
"""`http` before a colon, an `s` or an escape."""
_BEHIND: Final = {"h": 2, "o": 3, "I": 3}
"""How many characters of its group stand before what was found, by its first one."""
_RUN: Final = re.compile("(?:[A-Za-z0-9+/_-]|%2[BbFf]|%0[AaDd])+")
_BREAK: Final = re.compile("%0[AaDd]")
_ADDRESS: Final = re.compile(r"https?(?::|%(?:25)*3a)[^\"<>\x00-\x1f]+|^//.+", re.IGNORECASE)
_MAX_DEPTH: Final = 2


def may_be_in_base64(text: str) -> bool:
    """Return whether an address may stand in a text as base64."""
    return (
        _MAY_BEGIN.search(text) is not None
        or _MAY_BEGIN_BEHIND_ONE.search(text) is not None
        or "Ly9" in text
        or "YUhSMG" in text
        or "U0ZSVV" in text
    )


def begins_in_base64(text: str) -> bool:
    """Return whether an address begins in a text as base64: a random one of 8 KB has one chance in 10,000."""
    return _BEGIN.search(text) is not None


def read_base64(text: str, start: int = 0, depth: int = _MAX_DEPTH) -> Iterator[str]:
    """Yield the texts of addresses that stand in a text as base64 from `start` on, itself once more at most.

    A slash may be of the base64 or end it: what is read up to it comes first.
    """
    at = start
    while (found := _BEGIN.search(text, at)) is not None:
        at = found.end()
        run = _RUN.match(text, max(found.start() - _BEHIND.get(found[0][0], 0), start))
        if run is None or run.end() < at:
            continue
        at = run.end()
        for piece in dict.fromkeys((run[0].partition("/")[0], run[0])):
            yield from _addresses_in(piece, depth)


def _addresses_in(piece: str, depth: int) -> Iterator[str]:
    plain = unescaped(_BREAK.sub("", piece))
    raw = base64_decoded(plain[:-1] if len(plain) % 4 == 1 else plain)
    if raw is None:
        return
    text = as_text(raw)
    addresses = _ADDRESS.findall(text)
    yield from addresses
    if not addresses and depth > 1:
        yield from read_base64(text, depth=depth - 1)
