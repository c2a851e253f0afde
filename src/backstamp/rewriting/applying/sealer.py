"""sealer: what makes the URLs of one recipient's copy, and what such a URL must be like."""

import string
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

_SEALED_CHARACTERS: Final = (string.ascii_letters + string.digits + "-._~:/?#[]@%+,;=").encode()
_OTHERS_CHANGED: Final = bytes(each if each in _SEALED_CHARACTERS else 0x2D for each in range(256))


class Sealer(Protocol):
    """Makes the URLs of one recipient's copy."""

    def links(self, links: Sequence[tuple[int, str]]) -> list[str]:
        """Return for each link, given as its number and URL, the whole ASCII URL that takes its place."""

    def pixel(self) -> str:
        """Return the whole ASCII URL of the pixel."""

    def unsubscribe(self) -> str:
        """Return the whole ASCII URL where the recipient unsubscribes."""


def check_sealed(urls: Iterable[str]) -> None:
    """See that nothing but plain addresses goes into markup: then nothing needs to be escaped there.

    Raises `ValueError`.
    """
    together = "".join(urls)
    octets = together.encode()
    # To change nothing takes half the time that it takes to leave nothing.
    is_plain = together.isascii() and octets.translate(_OTHERS_CHANGED) == octets
    if not is_plain or not all(url.startswith(("https://", "http://")) for url in urls):
        raise ValueError(
            "a sealed URL must be an ASCII http or https URL without quotes, blanks, brackets or ampersands"
        )
