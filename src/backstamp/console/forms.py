"""The console's forms."""

from typing import Any, Final
from urllib.parse import urlsplit

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_domain_name, validate_email

from backstamp.journal.manual import LONGEST_LABEL, MAX_LINKS
from backstamp.policy import ConsentState
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.administration.sender_domains import domain_name
from backstamp.records.models import LONGEST_ADDRESS
from backstamp.tokens.address_spelling import one_spelling
from backstamp.urls.parsing import web_url

_AXIS: Final = (("", "Default"), ("on", "On"), ("off", "Off"))
_LONGEST_BASE: Final = 200
_AXIS_VALUES: Final = {"": None, "on": True, "off": False}


class AxisField(forms.ChoiceField):
    """On, off, or left to the level above (None)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=_AXIS, required=False, **options)

    def clean(self, value: Any) -> bool | None:
        """Return True, False or None."""
        return _AXIS_VALUES[super().clean(value)]

    def prepare_value(self, value: Any) -> Any:
        """Return the choice that stands for a stored value."""
        return {True: "on", False: "off", None: ""}.get(value, value)


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


class PixelForm(forms.Form):
    """What a mail written elsewhere is called, for whom it is, and which links it has."""

    label = forms.CharField(
        label="Subject, or a name for it",
        max_length=LONGEST_LABEL,
        widget=forms.TextInput(attrs={"placeholder": "Proposal for the new bridge"}),
    )
    recipient = forms.EmailField(
        label="Recipient",
        required=False,
        max_length=LONGEST_ADDRESS,
        help_text="May stay empty. One pixel for each recipient tells them apart.",
    )
    urls = forms.CharField(
        label="Links to track",
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "https://example.com/proposal"}),
        help_text="May stay empty. One in a line.",
    )

    def clean_urls(self) -> tuple[str, ...]:
        """Return the links, one for each line that holds something."""
        urls = tuple(line.strip() for line in self.cleaned_data["urls"].splitlines() if line.strip())
        if len(urls) > MAX_LINKS:
            raise ValidationError(f"At most {MAX_LINKS} links.")
        return urls


class DomainForm(forms.Form):
    """What is tracked for a sender domain."""

    name = forms.CharField(label="Sender domain", max_length=255)
    opens = AxisField(label="Opens")
    links = AxisField(label="Links")
    tracking_url = forms.CharField(
        label="Tracking host",
        required=False,
        max_length=_LONGEST_BASE,
        widget=forms.URLInput(attrs={"placeholder": "https://t.example.org"}),
        help_text="Where its pixels and links lead. Empty: the installation's own.",
    )
    unsubscribe = AxisField(label="Add List-Unsubscribe")
    anonymous = forms.BooleanField(label="Anonymous: seal no recipient into any token", required=False)

    def clean_name(self) -> str:
        """Return the domain in lower case and A-labels: mail names it so."""
        try:
            return domain_name(str(self.cleaned_data["name"]))
        except RefusedError as error:
            raise ValidationError(str(error)) from None

    def clean_tracking_url(self) -> str:
        """Return the base of pixels and links: a web address of a host, without path."""
        text = str(self.cleaned_data["tracking_url"]).strip()
        if not text:
            return ""
        url = web_url(text)
        href = "" if url is None else url.href
        parts = urlsplit(href)
        base = f"{parts.scheme}://{parts.netloc}"
        if len(base) > _LONGEST_BASE or href != f"{base}/" or "@" in parts.netloc or parts.port == 0:
            raise ValidationError("Give a host only, like https://t.example.org, without a path.")
        return base


class SenderForm(forms.Form):
    """What is tracked for one sender."""

    address = forms.EmailField(label="Sender address", max_length=LONGEST_ADDRESS)
    opens = AxisField(label="Opens")
    links = AxisField(label="Links")

    def clean_address(self) -> str:
        """Return the address in its one spelling."""
        address = one_spelling(str(self.cleaned_data["address"]))
        if len(address) > LONGEST_ADDRESS:
            raise ValidationError("In ASCII, as mail names it, this address is too long.")
        return address


class ConsentForm(forms.Form):
    """What a recipient said, and how that can be shown later."""

    _SAID: Final = (
        ("", "Nothing"),
        (ConsentState.GRANTED.value, "Granted"),
        (ConsentState.WITHDRAWN.value, "Withdrawn"),
    )

    address = forms.CharField(label="Recipient address", max_length=LONGEST_ADDRESS)
    opens = forms.ChoiceField(label="Opens", choices=_SAID, required=False)
    links = forms.ChoiceField(label="Links", choices=_SAID, required=False)
    evidence = forms.CharField(
        label="Evidence",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="When, how, and to which words: somebody may ask you to show it.",
    )

    def clean_address(self) -> str:
        """Return the address in lower case."""
        address = str(self.cleaned_data["address"]).strip().lower()
        validate_email(address)
        return address


class SuppressionForm(forms.Form):
    """Who shall get no more mail, of which sender domain, and why."""

    address = forms.CharField(label="Address", max_length=LONGEST_ADDRESS)
    domain = forms.CharField(
        label="Sender domain",
        required=False,
        max_length=255,
        help_text="Whose mail is meant. Empty: the mail of every domain.",
    )
    evidence = forms.CharField(
        label="Why",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean_address(self) -> str:
        """Return the address in lower case."""
        address = str(self.cleaned_data["address"]).strip().lower()
        validate_email(address)
        return address

    def clean_domain(self) -> str:
        """Return the domain in lower case, or nothing."""
        domain = str(self.cleaned_data["domain"]).strip().lower().rstrip(".")
        if domain:
            validate_domain_name(domain)
        return domain
