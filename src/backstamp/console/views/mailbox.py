"""The test mailbox: mail that was captured because no next hop is configured, as a mail program shows it."""

from pathlib import Path
from typing import Final

from django.contrib import messages as notices
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from backstamp.console.config import console_config
from backstamp.console.csv_files import csv_file, newest_first
from backstamp.console.mailbox.view import MailView
from backstamp.console.paging import page_of
from backstamp.console.wording.saved_rows import CAPTURED, captured_row
from backstamp.records.models import CapturedMail
from backstamp.records.queries.keyset import NewestFirst
from backstamp.tokens import Keyring

SHOWN: Final = 50
_NEWEST: Final = NewestFirst("received_at")
VIEWS: Final = {"html": "HTML", "text": "Text", "headers": "Headers", "source": "Source"}

_FRAME_POLICY: Final = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src {images}; form-action 'none'; frame-ancestors 'self'"
)
"""No `allow-same-origin`: the mail's page has an origin of its own, and can read nothing of the console."""


@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    """Show the newest captured mails."""
    mails, where = page_of(request, CapturedMail.objects.all(), _NEWEST, SHOWN)
    return render(request, "console/mailbox.html", {"mails": mails, "config": console_config()} | where)


@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream the facts of all captured mails as CSV, those that came last first."""
    return csv_file("mailbox", CAPTURED, newest_first(CapturedMail.objects.all(), captured_row))


@require_safe
def mail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one mail: as HTML in a frame, as text, its header fields, or its source."""
    captured = get_object_or_404(CapturedMail, pk=pk)
    view = MailView(_bytes(captured), _own_view(request))
    which = request.GET.get("view") or ("html" if view.html else "text")
    if which not in VIEWS:
        raise Http404
    context = {
        "mail": captured,
        "view": view,
        "which": which,
        "views": VIEWS.items(),
        "images": request.GET.get("images") == "load",
        "as_sender": _as_sender(request),
    }
    return render(request, "console/mail.html", context)


@require_safe
def html_frame(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the mail's own HTML, under a policy that leaves it nothing but its looks."""
    view = MailView(_bytes(get_object_or_404(CapturedMail, pk=pk)), _own_view(request))
    images = "data: http: https:" if request.GET.get("images") == "load" else "data:"
    response = HttpResponse(view.framed_html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _FRAME_POLICY.format(images=images)
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
def raw(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the mail's bytes as a download."""
    captured = get_object_or_404(CapturedMail, pk=pk)
    response = HttpResponse(_bytes(captured), content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="mail-{captured.pk}.eml"'
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return response


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one mail: its row, then its file."""
    captured = get_object_or_404(CapturedMail, pk=pk)
    path = _path(captured)
    captured.delete()
    path.unlink(missing_ok=True)
    notices.success(request, "The mail was deleted.")
    return redirect("mailbox")


def _as_sender(request: HttpRequest) -> bool:
    return request.GET.get("as") == "sender"


def _own_view(request: HttpRequest) -> Keyring | None:
    """Return the keys that put pixel and links back, where the sender looks."""
    return console_config().keyring() if _as_sender(request) else None


def _bytes(captured: CapturedMail) -> bytes:
    try:
        return _path(captured).read_bytes()
    except FileNotFoundError:
        raise Http404("its file is gone") from None


def _path(captured: CapturedMail) -> Path:
    # The worker made the name; still, no row may lead out of the directory.
    return console_config().capture_dir / Path(captured.file_name).name
