"""Pixel by hand: for a mail that is written and sent elsewhere."""

import secrets
import time
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from backstamp.console.config import console_config
from backstamp.console.forms.pixel import PixelForm
from backstamp.journal import JournalUnavailableError
from backstamp.manual_tracking import MAX_LINKS, ManualTrackingError, create_manual, manual_tracking
from backstamp.records.database.tracking_ids import from_database, to_database
from backstamp.records.models import Message
from backstamp.tokens import TrackingIds
from backstamp.vocabulary import Origin, Queued, QueuedLink, QueuedRecipient

_JUST_MADE: Final = "pixel_just_made"


@require_http_methods(["GET", "HEAD", "POST"])
def new_pixel(request: HttpRequest) -> HttpResponse:
    """Ask what the mail is; on POST journal it and show its pixel."""
    form = PixelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        config = console_config()
        try:
            made = create_manual(
                config.journal(),
                config.keyring(),
                config.snapshot(),
                label=form.cleaned_data["label"],
                sender=request.user.email,  # type: ignore[union-attr]  # signed in
                recipient=form.cleaned_data["recipient"],
                urls=form.cleaned_data["urls"],
                now_us=time.time_ns() // 1000,
                tracking_id=TrackingIds(secrets.randbits).at(time.time()),
            )
        except ManualTrackingError as error:
            form.add_error(None, f"No pixel was made: {error}.")
        except JournalUnavailableError:
            form.add_error(None, "No pixel was made: the journal cannot be written. Is the disk full?")
        else:
            key = to_database(made.tracking_id)
            request.session[_JUST_MADE] = key
            return redirect("made-pixel", key)
    return render(request, "console/pixel.html", {"form": form}, status=422 if form.is_bound else 200)


@require_safe
def made_pixel(request: HttpRequest, key: int) -> HttpResponse:
    """Show a pixel and links that were made by hand, to be copied.

    They are made anew from the records. For the moment that the worker takes to record a new one, the
    page of whoever made it waits.
    """
    message = Message.objects.filter(tracking_id=key, origin=Origin.MANUAL).first()
    if message is None:
        if request.session.get(_JUST_MADE) != key:
            raise Http404
        return render(request, "console/pixel_waiting.html", {"key": key})
    config = console_config()
    snapshot = config.snapshot()
    made = None if snapshot is None else manual_tracking(config.keyring(), snapshot, _queued(message))
    return render(request, "console/pixel_made.html", {"message": message, "made": made})


def _queued(message: Message) -> Queued:
    """Return the journal's record of a message made by hand, as far as tokens are made from it."""
    return Queued(
        at_us=0,
        tracking_id=from_database(message.tracking_id),
        origin=Origin.MANUAL,
        domain_id=message.domain_id,
        recipients=tuple(
            QueuedRecipient(recipient.index, recipient.address, bytes(recipient.recipient_key))
            for recipient in message.recipients.filter(index=0)
        ),
        sender=message.sender,
        opens=message.opens_tracked,
        tracked_links=tuple(
            QueuedLink(link.number, link.url, link.text) for link in message.links.all()[:MAX_LINKS]
        ),
    )
