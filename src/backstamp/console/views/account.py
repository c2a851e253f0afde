"""Signing in and out: by a link that works once, or by e-mail address and password.

Passwords go through django-allauth's views: it limits failures by client and by address, and takes as
long for an unknown address as for a known one; second factors and OIDC can join there later. Only
its sign-in and sign-out have an address here: nobody can sign up.
"""

from typing import Any, Final

from allauth.account.views import LoginView, LogoutView
from django.contrib import messages as notices
from django.contrib.auth import get_user_model, login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from backstamp.console.forms.welcome import WelcomeForm
from backstamp.console.serving import kept_forms
from backstamp.records.administration import sign_in_links

_BACKEND: Final = "allauth.account.auth_backends.AuthenticationBackend"


class _SignInView(LoginView):  # type: ignore[misc]
    template_name = "console/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kept = self.request.POST.get(kept_forms.FIELD, "")
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {kept_forms.FIELD: kept}


_sign_in = _SignInView.as_view()
sign_out = require_POST(LogoutView.as_view())


@login_not_required
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in; a failure has a status of its own, by which a proxy can tell and limit it.

    A form that came when the session had ended is then shown, to be sent again, to the one who sent it.
    """
    response: HttpResponse = _sign_in(request)
    if request.method == "POST" and response.status_code == 200:
        response.status_code = 422
    if not request.user.is_authenticated:
        return response
    kept = kept_forms.opened_form(request.POST.get(kept_forms.FIELD, ""))
    if kept is not None and kept.whose == request.user.pk:
        response = render(request, "console/kept_form.html", {"kept": kept})
    elif kept is not None:
        notices.warning(request, "What was kept is somebody else's, and is not shown. Nothing was done.")
    kept_forms.note_whose(request, response)
    return response


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Show the form of a one-time sign-in link; only its POST uses the link up."""
    address = sign_in_links.address_of(token)
    if address is None:
        return render(request, "console/welcome_over.html", status=410)
    form = WelcomeForm(request.POST or None, address=address)
    if request.method == "POST" and form.is_valid():
        if sign_in_links.redeem(token) is None:
            return render(request, "console/welcome_over.html", status=410)
        email = form.cleaned_data["email"].lower()
        users = get_user_model().objects
        user = users.filter(email__iexact=email).first() or users.model(username=email[:150], email=email)
        user.set_password(form.cleaned_data["password"])
        user.is_active = True
        user.save()
        login(request, user, backend=_BACKEND)
        response = redirect("messages")
        kept_forms.note_whose(request, response)
        return response
    return render(request, "console/welcome.html", {"form": form}, status=422 if form.is_bound else 200)
