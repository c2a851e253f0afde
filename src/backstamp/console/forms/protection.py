"""Forms of the link protection."""

from typing import Any, Final

from django import forms
from django.core.files.uploadedfile import UploadedFile

from backstamp.console.config import console_config
from backstamp.console.forms.merging import MergingForm
from backstamp.console.wording.threats import THREATS
from backstamp.policy import DEFAULT_ACTIONS, ClickAddresses, OnKnownBad, OnUnprotected, ProtectionMode
from backstamp.policy.own_entries import NotNamedError, expression_of
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.models import LONGEST_ADDRESS, OwnListEntry, ProtectedDomain, ProtectionException
from backstamp.records.protection import page_logos
from backstamp.records.protection.domain_settings import Changes, chosen_actions
from backstamp.tokens.pasted import leads_to
from backstamp.vocabulary import ClickAction, ThreatType

MODES: Final = (
    (ProtectionMode.OFF, "Off: links stay as they came, nothing is logged"),
    (ProtectionMode.OBSERVE, "Observe: judge and log, change no link"),
    (ProtectionMode.PROTECT, "Protect: rewrite links, decide at each click"),
)
_ON_UNPROTECTED: Final = (
    (OnUnprotected.MARK, "Deliver, and say so in the mail"),
    (OnUnprotected.DEFER, "Put the mail off (451)"),
    (OnUnprotected.REFUSE, "Refuse the mail (550)"),
)
_ON_KNOWN_BAD: Final = (
    (OnKnownBad.LOG, "Log it"),
    (OnKnownBad.HEADER, "Log it, and say so in the header"),
    (OnKnownBad.SUBJECT, "The same, and mark the subject"),
    (OnKnownBad.REFUSE, "Refuse the mail"),
)
_ACTIONS: Final = (
    (ClickAction.ALLOW, "Lead on"),
    (ClickAction.WARN, "Warn"),
    (ClickAction.BLOCK, "Block"),
)
_ADDRESSES: Final = (
    (ClickAddresses.OFF, "Nothing"),
    (ClickAddresses.TRUNCATED, "Its network (/24 or /48)"),
    (ClickAddresses.FULL, "All of it"),
)
LONGEST_LISTED: Final = 5000
"""Characters of a host or URL that is to be listed."""
_MISTAKES_SHOWN: Final = 5
_COLUMNS: Final = (
    *("mode", "on_unprotected", "on_known_bad", "may_override", "unresolved", "click_addresses"),
    *("page_organisation", "page_text", "page_contact"),
)
_KINDS: Final = {
    "mode": ProtectionMode,
    "on_unprotected": OnUnprotected,
    "on_known_bad": OnKnownBad,
    "unresolved": ClickAction,
    "click_addresses": ClickAddresses,
}
"""Of columns that hold a word of a closed list."""


class NewDomainForm(forms.Form):
    """A domain whose received mail is to be protected."""

    domain = forms.CharField(
        label="Domain", max_length=255, help_text="What stands behind @ in its addresses."
    )
    mode = forms.ChoiceField(label="Mode", choices=MODES, initial=ProtectionMode.OBSERVE)


class ProtectionForm(MergingForm):
    """All that is set for a domain, its exceptions aside."""

    mode = forms.ChoiceField(label="Mode", choices=MODES)
    on_unprotected = forms.ChoiceField(
        label="Where a link could not be guarded",
        choices=_ON_UNPROTECTED,
        help_text="For limit, doubt or failure, which an attacker may provoke.",
    )
    on_known_bad = forms.ChoiceField(label="Where a list names a link on arrival", choices=_ON_KNOWN_BAD)
    unresolved = forms.ChoiceField(
        label="Where a list has not answered yet at the click",
        choices=_ACTIONS,
        help_text="The reader waits three seconds at most.",
    )
    click_addresses = forms.ChoiceField(label="Of the client's address at a click, keep", choices=_ADDRESSES)
    may_override = forms.BooleanField(
        label="A reader may go on from a block page, with a reason", required=False
    )
    page_organisation = forms.CharField(
        label="Who protects", required=False, max_length=200, help_text="Shown on block and warn pages."
    )
    page_contact = forms.CharField(label="Whom readers may ask", required=False, max_length=LONGEST_ADDRESS)
    page_text = forms.CharField(
        label="Your own words to readers",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    logo = forms.FileField(
        label="Logo",
        required=False,
        help_text="PNG, JPEG, GIF or WebP, at most 64 KB and 2048 pixels each way.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/gif,image/webp"}),
    )
    no_logo = forms.BooleanField(label="Show no logo any more", required=False)

    def __init__(self, data: Any = None, files: Any = None, *, row: ProtectedDomain) -> None:
        """Start from what is set in `row`."""
        actions = chosen_actions(row)
        initial = {name: getattr(row, name) for name in _COLUMNS} | {
            _action_name(threat): action for threat, action in actions.items()
        }
        super().__init__(data, files, initial=initial, auto_id="protection_%s")
        for threat in DEFAULT_ACTIONS:
            self.fields[_action_name(threat)] = forms.ChoiceField(
                label=THREATS[threat].title, choices=_ACTIONS, help_text=THREATS[threat].line
            )
        if not row.page_logo:
            del self.fields["no_logo"]
        self.carry_shown(*initial)

    def clean_logo(self) -> str | None:
        """Return the logo as a `data:` URL, or None where none was given."""
        file: UploadedFile[Any] | None = self.cleaned_data["logo"]
        if file is None:
            return None
        try:
            return page_logos.logo_url(file.read(page_logos.LARGEST + 1))
        except RefusedError as error:
            raise forms.ValidationError(str(error)) from None

    def changes(self) -> Changes:
        """Return what was changed."""
        chosen = self.to_save()
        changes = Changes()
        for column in _COLUMNS:
            if column in chosen:
                kind = _KINDS.get(column)
                changes[column] = chosen[column] if kind is None else kind(chosen[column])
        changes["actions"] = {
            threat: ClickAction(chosen[_action_name(threat)])
            for threat in DEFAULT_ACTIONS
            if _action_name(threat) in chosen
        }
        if chosen["logo"] is not None:
            changes["page_logo"] = chosen["logo"]
        elif chosen.get("no_logo"):
            changes["page_logo"] = ""
        return changes

    def part(self, *names: str) -> list[forms.BoundField]:
        """Return some of the fields."""
        return [self[name] for name in names if name in self.fields]

    def arrival(self) -> list[forms.BoundField]:
        """What happens when mail comes."""
        return self.part("mode", "on_unprotected", "on_known_bad")

    def clicks(self) -> list[forms.BoundField]:
        """What happens at a click."""
        actions = [_action_name(threat) for threat in DEFAULT_ACTIONS]
        return self.part(*actions, "unresolved", "click_addresses", "may_override")

    def pages(self) -> list[forms.BoundField]:
        """What pages say."""
        return self.part("page_organisation", "page_contact", "page_text", "logo", "no_logo")


class ExceptionForm(forms.Form):
    """For whom or what the protection of a domain is off."""

    _KINDS: Final = (
        (ProtectionException.Kind.MAILBOX, "A mailbox (opt-out)"),
        (ProtectionException.Kind.SENDER, "A sender: address or domain"),
        (ProtectionException.Kind.HOST, "A host, with its subdomains"),
    )

    kind = forms.ChoiceField(label="Leave alone", choices=_KINDS)
    value = forms.CharField(label="Which", max_length=LONGEST_ADDRESS)


class ListedField(forms.CharField):
    """A host or URL, as lists name them; where a link of ours leads is meant, and not the link."""

    def __init__(self) -> None:
        super().__init__(label="Host or URL", max_length=LONGEST_LISTED)

    def clean(self, value: Any) -> str:
        """Return it as it was written, of a link of ours the URL behind it."""
        text = leads_to(console_config().keyring(), super().clean(value))
        try:
            expression_of(text)
        except NotNamedError as error:
            raise forms.ValidationError(str(error)) from None
        return text


class ListedLinesField(forms.CharField):
    """Hosts and URLs, one on a line, as many as a request may hold (`serving.body_limit`)."""

    def __init__(self, help_text: str) -> None:
        super().__init__(
            label="Host or URL",
            help_text=help_text,
            widget=forms.Textarea(attrs={"rows": 2}),
        )

    def clean(self, value: Any) -> list[str]:
        """Return what stands on the lines, each as of `ListedField`."""
        one = ListedField()
        listed: list[str] = []
        wrong: list[str] = []
        lines = [line for line in super().clean(value).splitlines() if line.strip()]
        for number, line in enumerate(lines, 1):
            try:
                listed.append(one.clean(line))
            except forms.ValidationError as error:
                wrong.append(f"Line {number}: {error.messages[0]}" if len(lines) > 1 else error.messages[0])
        if len(wrong) > _MISTAKES_SHOWN:
            wrong[_MISTAKES_SHOWN:] = [f"… and {len(wrong) - _MISTAKES_SHOWN:,} more lines that are wrong."]
        if wrong:
            raise forms.ValidationError(wrong)
        return listed


class OwnListForm(forms.Form):
    """A host or URL for an own list."""

    _KINDS: Final = (
        (OwnListEntry.Kind.BLOCKED, "Block"),
        (OwnListEntry.Kind.ALLOWED, "Allow"),
    )

    kind = forms.ChoiceField(label="What happens", choices=_KINDS)
    what = ListedLinesField(
        "One on a line. A host is meant with its subdomains, a URL with a slash at its end with all below it."
    )
    whose = forms.CharField(
        label="For whom",
        required=False,
        max_length=LONGEST_ADDRESS,
        help_text="A domain or a mailbox of yours. Empty: for everybody.",
    )
    note = forms.CharField(label="Why", required=False, max_length=500)


class KillForm(forms.Form):
    """A host or URL that is to be switched off in all mail."""

    what = ListedField()


def _action_name(threat: ThreatType) -> str:
    return f"action_{threat.value}"
