"""Forms of the policy: what is tracked for a domain or a sender, and what a recipient said."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Model

from backstamp.console.forms.merging import MergingForm
from backstamp.policy import ConsentState
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.administration.sender_domains import domain_name
from backstamp.records.models import LONGEST_ADDRESS, SenderDomain, SenderPolicy
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


class _EntryForm(MergingForm):
    """An entry of a list, found again by what its first field names."""

    model: ClassVar[type[Model]]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.carry_shown(*list(self.fields)[1:])

    def stored(self) -> Mapping[str, Any]:
        """Return the entry that is named, as it is by now."""
        name, *others = self.fields
        named = self.model._default_manager.filter(**{name: self.cleaned_data.get(name)})
        return named.values(*others).first() or {}


class DomainForm(_EntryForm):
    """What is tracked for a sender domain."""

    model = SenderDomain

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


class SenderForm(_EntryForm):
    """What is tracked for one sender."""

    model = SenderPolicy

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
