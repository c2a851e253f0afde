"""The form of a sign-in link: who comes for the first time, or again, chooses a password."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError


class WelcomeForm(forms.Form):
    """The first administrator's, or a returning one's, e-mail address and new password."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    password = forms.CharField(
        label="Password",
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 8 characters, and not a common one.",
    )

    def __init__(self, data: Any, *, address: str) -> None:
        """Keep to `address` where the link names one: it must not set another person's password."""
        super().__init__(data, initial={"email": address})
        self.fields["email"].disabled = bool(address)

    def clean(self) -> dict[str, Any]:
        """Hold the password against the rules of the settings."""
        cleaned = super().clean() or {}
        if "password" in cleaned:
            email = cleaned.get("email", "")
            try:
                validate_password(cleaned["password"], get_user_model()(username=email, email=email))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned
