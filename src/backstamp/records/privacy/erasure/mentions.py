"""Where a text names one mail address, in whatever spelling: written out, in a URL, in JSON."""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

import msgspec

from backstamp.tokens.address_spelling import one_spelling

ERASED: Final = "(erased)"
_AT: Final = ("@", "%40", "=")
"""As it is, in a URL, and in a return path that names its recipient (VERP)."""
_BEFORE: Final = r"(?<![\w.+-])|(?<=%[0-9a-f]{2})|(?<=\\[bfnrt])"
"""No part of a longer local part; what ends in an escape ends there."""
_BEHIND: Final = r"(?![\w-]|\.\w)"


class Mentions:
    """One address as texts spell it."""

    def __init__(self, address: str) -> None:
        self.spelling = one_spelling(address)
        local_part, _, self.domain = self.spelling.rpartition("@")
        domains = dict.fromkeys((self.domain, _in_unicode(self.domain)))
        local_parts = dict.fromkeys((local_part, quote(local_part, safe=""), f'"{local_part}"'))
        self.spellings = [f"{local}@{domain}" for local in local_parts for domain in domains]
        # In JSON a quotation mark has a backslash before it.
        endings = dict.fromkeys((*local_parts, f'{local_part}\\"'))
        self.needles = [f"{local}{at}{domain}" for local in endings for at in _AT for domain in domains]
        locals_ = "|".join(map(re.escape, dict.fromkeys((local_part, quote(local_part, safe="")))))
        self._pattern = re.compile(
            rf"(?:{_BEFORE})(?:(\\?\")(?:{locals_})\1|(?:{locals_}))(?:{'|'.join(_AT)})"
            rf"(?:{'|'.join(map(re.escape, domains))}){_BEHIND}",
            re.IGNORECASE,
        )

    def without(self, value: Any) -> Any:
        """Return a text, or a value of JSON, that does not name the address."""
        if isinstance(value, str):
            return self._pattern.sub(ERASED, value)
        return msgspec.json.decode(self._pattern.sub(ERASED, msgspec.json.encode(value).decode()))

    def in_any(self, texts: Iterable[str]) -> bool:
        """Whether one of these texts names the address."""
        return any(self._pattern.search(text) for text in texts)


def _in_unicode(domain: str) -> str:
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain
