"""What every request and answer has in common: headers that keep the console closed (no foreign script, no
frame, nothing kept in caches), the charset of forms, a page where an answer would have none.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.decorators import sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin

CONSOLE_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Content-Security-Policy of every page; the mail frame sets its own (`views.mailbox`)."""

_HEADERS: Final = {
    "Content-Security-Policy": CONSOLE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
    "Cache-Control": "private, no-store",
}

GetResponse = Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def _close(response: HttpResponseBase) -> HttpResponseBase:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


@sync_and_async_middleware
def SecurityHeadersMiddleware(get_response: GetResponse) -> GetResponse:  # noqa: N802 (named as Django's are)
    """Add the headers that a view has not set itself."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            return _close(await get_response(request))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        return _close(get_response(request))  # type: ignore[arg-type]  # the other half of the union

    return answer


class Utf8FormsMiddleware(MiddlewareMixin):
    """Read all forms as UTF-8, which ours are: no client chooses the codec.

    Django 5.2 fails at some charsets, then at its page for the failure, which reads the form again.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Set it, before anybody reads the form."""
        request.encoding = "utf-8"


class NotAllowedPageMiddleware(MiddlewareMixin):
    """Say that nothing was done to whoever comes to a form's address without the form.

    That is where one lands who sends a form after the session has ended, and signs in again.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Put the page where there is none."""
        if isinstance(response, HttpResponseNotAllowed):
            response.content = render_to_string("405.html")
        return response
