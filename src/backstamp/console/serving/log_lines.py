"""What Django logs of a request: which page, never its address.

An address can hold a sign-in link that still works, and whatever a stranger wrote into it.
"""

import logging
import re
from typing import Final

from django.http import HttpRequest

_ADVICE: Final = re.compile(r" You may need to add .* to ALLOWED_HOSTS\.$")
"""What Django tells its programmer of a Host field that is not ours."""


def without_addresses(record: logging.LogRecord) -> bool:
    """Put the page's name in the place of a request; a `logging.Filter` that lets every record pass.

    Refusals lose their traceback too: what a stranger did wrong is no fault of the program, and must not
    fill the log.
    """
    if vars(record).get("status_code", 500) < 500:
        record.exc_info = None
    if record.name == "django.security.DisallowedHost":
        record.msg = _ADVICE.sub(" The console answers to the host of console.url alone.", str(record.msg))
    request = vars(record).pop("request", None)
    if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
        match = request.resolver_match
        page = f"page {match.url_name}" if match is not None else "an unknown address"
        # Django writes the path with its odd characters spelled out.
        written = (request.path, request.path.encode("unicode_escape").decode("ascii"))
        record.args = tuple(page if value in written else value for value in record.args)
    return True
