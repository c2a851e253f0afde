"""proofpoint: the three formats of Proofpoint URL Defense.

After the vendor's own decoder (help.proofpoint.com, "How do I decode a rewritten URL", urldecoder.py 3.0.1),
with two corrections that real links showed: what stands for a run counts bytes of UTF-8 and not characters
(github.com/cardi/proofpoint-url-decoder, issue 7), and the last `__;` ends the URL, so that a link that was
wrapped twice is read from the outside.
"""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from backstamp.urls.decoding import as_text, base64_decoded, unescaped, unescaped_url
from backstamp.urls.wrappers.rules import Address, raw_parameter

_V2_ESCAPES: Final = str.maketrans("-_", "%/")
_V3_BEGIN: Final = "/v3/__"
_V3_END: Final = "__;"
_V3_REPLACED: Final = re.compile(r"__;([A-Za-z0-9_=-]*)!")
_V3_TOKEN: Final = re.compile(rb"\*(?:\*(.))?", re.DOTALL)
_V3_RUNS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def read_proofpoint(address: Address) -> str | None:
    """Return the URL inside a link of URL Defense, version 1, 2 or 3."""
    if address.path == "/v1/url":
        value = raw_parameter(address.query, "u")
        return unescaped_url(value).replace("&amp;", "&") if value is not None else None
    if address.path == "/v2/url":
        value = raw_parameter(address.query, "u")
        return _version_2(value) if value is not None else None
    if address.rest.startswith(_V3_BEGIN):
        return _version_3(address.rest)
    return None


def _version_2(value: str) -> str:
    """Undo `-` for `%` and `_` for `/`."""
    return unescaped(value.translate(_V2_ESCAPES)).replace("&amp;", "&")


def _version_3(rest: str) -> str | None:
    for end in (rest.rfind(_V3_END), rest.find(_V3_END, len(_V3_BEGIN))):
        match = _V3_REPLACED.match(rest, end) if end > len(_V3_BEGIN) else None
        replaced = base64_decoded(match[1]) if match is not None else None
        if replaced is not None:
            url = _put_back(rest[len(_V3_BEGIN) : end], replaced)
            if url is not None:
                return url
    return None


def _put_back(mangled: str, replaced: bytes) -> str | None:
    """Put the replaced bytes back: `*` stands for one of them, `**x` for a run; None where too few are there.

    The wrapper leaves no `%`: one that is there now was put there by what serialised the link again.
    """
    whole = unquote_to_bytes(mangled)
    pieces: list[bytes] = []
    written = used = 0
    for token in _V3_TOKEN.finditer(whole):
        length = 1
        if token[1] is not None:
            run = _V3_RUNS.find(token[1])
            if run < 0:
                return None
            length = run + 2
        pieces += (whole[written : token.start()], replaced[used : used + length])
        written = token.end()
        used += length
        if used > len(replaced):
            return None
    pieces.append(whole[written:])
    return as_text(b"".join(pieces))
