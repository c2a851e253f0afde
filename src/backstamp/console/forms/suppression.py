"""The form of the suppression list."""

from django import forms
from django.core.validators import validate_domain_name, validate_email

from backstamp.records.models import LONGEST_ADDRESS


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
