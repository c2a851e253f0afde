"""The form of a pixel by hand."""

from django import forms
from django.core.exceptions import ValidationError

from backstamp.manual_tracking import LONGEST_LABEL, MAX_LINKS
from backstamp.records.models import LONGEST_ADDRESS


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
