"""The page for a request that is none of this console's, with what to do about it."""

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def not_understood(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that the console is called by another name than its own, or that what was sent is no form of it."""
    page = "wrong_host.html" if isinstance(exception, DisallowedHost) else "400.html"
    return render(request, page, status=400)
