"""kept_forms: what somebody sent whose session had ended goes through the sign-in, and is not lost.

It travels in the sign-in page itself, signed, and is nowhere on the server: only what came with the token of
a form of ours is signed, so no other page can put words into this one. Nothing is done with it before the
person who signed in has seen it and sends it; and that is the person who filled it in: a browser may be
used by several. Whose session it was the ended session tells no more, so a signed cookie does that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

FIELD: Final = "kept"
"""The field of the sign-in page that carries it."""
LONGEST: Final = 600_000
"""Characters; with the rest of the sign-in it has to fit into a request (`body_limit`)."""
_SALT: Final = "backstamp.console.kept_forms"
_WHOSE: Final = "backstamp_whose"
"""The cookie that tells, signed, by whom the last session of this browser was begun."""
_OLDEST: Final = 12 * 3600
"""Seconds: somebody may come back to a page in the evening."""
_LINES: Final = 8
_OF_OURS: Final = frozenset({"csrfmiddlewaretoken"})


@dataclass(frozen=True)
class KeptForm:
    """A form as it was sent: by which user, where to, its fields, and whether there was a file, which is not
    kept.
    """

    whose: int
    path: str
    fields: tuple[tuple[str, str], ...]
    had_file: bool

    @property
    def shown(self) -> tuple[tuple[str, str, str, int], ...]:
        """What is in it: for each field words, its name, its value, and the lines that are shown of that."""
        return tuple(
            (name.replace("_", " ").capitalize(), name, value, min(_LINES, 1 + value.count("\n")))
            for name, value in self.fields
            if value
        )


def sealed_form(request: HttpRequest) -> str:
    """Return the form that a request holds, signed.

    It is "" where nothing was filled in, or too much, and where it is not known whose session that was.
    """
    whose = request.get_signed_cookie(_WHOSE, default=None, salt=_SALT, max_age=_whose_seconds())
    fields = [
        (name, value) for name, values in request.POST.lists() if name not in _OF_OURS for value in values
    ]
    if whose is None or not any(value for _, value in fields):
        return ""
    kept = [int(whose), request.get_full_path(), fields, bool(request.FILES)]
    sealed = signing.dumps(kept, salt=_SALT, compress=True)
    return sealed if len(sealed) <= LONGEST else ""


def opened_form(sealed: str) -> KeptForm | None:
    """Return the form that `sealed_form` signed; None for anything else, and for what is too old."""
    try:
        whose, path, fields, had_file = signing.loads(sealed, salt=_SALT, max_age=_OLDEST)
    except (signing.BadSignature, ValueError):  # the second: an older version signed no user
        return None
    return KeptForm(whose, path, tuple((name, value) for name, value in fields), had_file)


def note_whose(request: HttpRequest, response: HttpResponse) -> None:
    """Have the browser of somebody who has signed in remember who that was, for a while after the session."""
    response.set_signed_cookie(
        _WHOSE,
        str(request.user.pk),
        salt=_SALT,
        max_age=_whose_seconds(),
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )


def _whose_seconds() -> int:
    return int(settings.SESSION_COOKIE_AGE) + _OLDEST


class SignInMiddleware(LoginRequiredMiddleware):
    """Leads strangers to the sign-in; whoever sends a form gets it as the answer, with the form in it."""

    def handle_no_permission(  # type: ignore[override]  # the page itself, and no way to it
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        """Answer somebody who is not signed in. The token of the form was looked at before."""
        sealed = sealed_form(request) if request.method == "POST" else ""
        if not sealed:
            return super().handle_no_permission(request, view_func)
        return render(request, "console/sign_in.html", {FIELD: sealed}, status=403)
