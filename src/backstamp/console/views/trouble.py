"""The page for a request that failed: was it the database, for which one can wait, or we ourselves?"""

import sys
from typing import Final

from django.db import DataError, Error, IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.defaults import server_error

_RETRY_SECONDS: Final = 10
_REFUSALS: Final = (DataError, IntegrityError)
"""What says that a row is at fault, and not the database."""


def page(request: HttpRequest) -> HttpResponse:
    """Answer 503 while the database is away, locked, full or of another version, else 500."""
    error = sys.exc_info()[1]
    if isinstance(error, Error) and not isinstance(error, _REFUSALS):
        answer = render(request, "503.html", status=503)
        answer.headers["Retry-After"] = str(_RETRY_SECONDS)
        return answer
    return server_error(request)
