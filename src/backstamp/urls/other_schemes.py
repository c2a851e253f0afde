"""other_schemes: which web address an address of another scheme is looked up as.

Lists name hosts and web addresses. A click on `ftp://evil.example/`, `microsoft-edge:https://evil.example/`
or `ms-word:ofe|u|https://evil.example/a.docm` leads there all the same, by another program.
"""

import re
from typing import Final

from backstamp.urls.parsing import WebUrl, web_url

_WEB_ADDRESS: Final = re.compile(r"https?:[/\\]+[^\s|<>\"]+", re.IGNORECASE)
_HOST: Final = re.compile(r"[/\\]{2}([^\s|<>\"]+)")


def looked_up_as(address: str) -> WebUrl | None:
    """Return the web address that stands in an address of another scheme, or that of its host; else None."""
    within = _WEB_ADDRESS.search(address)
    if within is not None:
        return web_url(within[0])
    named = _HOST.search(address)
    url = web_url("http://" + named[1].lstrip("/\\")) if named is not None else None
    return url if url is not None and "." in url.host else None
