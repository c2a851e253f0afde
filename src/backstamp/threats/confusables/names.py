"""names: host names in the letters that they stand for."""

from typing import Final

import ada_url

_PREFIX: Final = "xn--"
_MAX_LABEL: Final = 63
"""RFC 1035, section 2.3.4."""


def unicode_labels(host: str) -> tuple[str, ...]:
    """Return the labels of a host, A-labels as U-labels (RFC 5890, section 2.3.2.1).

    `host` is in lower case and A-labels. What is no valid A-label (no Punycode, or one that a browser would
    write otherwise) stays as it is. Never raises.
    """
    return tuple(_decoded(label) if label.startswith(_PREFIX) else label for label in host.split("."))


def _decoded(label: str) -> str:
    if len(label) > _MAX_LABEL or not label.isascii():
        return label
    try:
        text = label.removeprefix(_PREFIX).encode().decode("punycode")
        back: str = ada_url.URL(f"http://{text}/").hostname
    except (ValueError, OverflowError):
        return label
    return text if back == label else label
