"""Mail addresses as people type them, one at a time."""

import re
from typing import Final

_ADDRESS: Final = re.compile(
    r"""(?:[^\s@<>",;]{1,64}|"(?:[^"\\]|\\.){0,62}")@(?:[^][\s@<>",;:/?#\\()]{1,255}|\[[^][\s@]{1,253}\])"""
)


def is_mail_address(text: str) -> bool:
    """Whether it is LOCAL@DOMAIN, in whatever script, and holds nothing that a screen would not show.

    A quoted local part (RFC 5321 §4.1.2) may hold more; a list that was exported has such addresses, too.
    """
    return _ADDRESS.fullmatch(text) is not None and text.isprintable()
