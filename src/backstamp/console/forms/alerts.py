"""Forms of alerts: rules and channels."""

from typing import Any, Final

from django import forms

from backstamp.console.forms.merging import MergingForm
from backstamp.console.wording.alerts import KINDS
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.alerting.rules import WITHIN_MINUTES, Rule
from backstamp.records.outbox import channels
from backstamp.vocabulary import AlertRule, ChannelKind

_MOST_PEOPLE: Final = 1_000_000


class RuleForm(MergingForm):
    """How one rule is set."""

    enabled = forms.BooleanField(label="Alert to it", required=False)
    threshold = forms.IntegerField(label="So many people", min_value=2, max_value=_MOST_PEOPLE)
    within_minutes = forms.IntegerField(
        label="within so many minutes", min_value=WITHIN_MINUTES[0], max_value=WITHIN_MINUTES[-1]
    )
    domains = forms.CharField(
        label="Only for these domains", required=False, max_length=100_000, help_text="Empty: for all."
    )
    channels = forms.MultipleChoiceField(
        label="Tell only", required=False, widget=forms.CheckboxSelectMultiple, help_text="None: tell all."
    )

    def __init__(self, data: Any = None, *, rule: Rule, channels: list[str]) -> None:
        """Start from how the rule is set."""
        initial = {
            "enabled": rule.enabled,
            "threshold": rule.threshold,
            "within_minutes": rule.within_minutes,
            "domains": " ".join(rule.domains),
            "channels": list(rule.channels),
        }
        super().__init__(data, initial=initial, auto_id=f"{rule.rule}_%s")
        self.rule = rule.rule
        self.fields["channels"] = forms.MultipleChoiceField(
            label="Tell only",
            required=False,
            choices=[(name, name) for name in channels],
            widget=forms.CheckboxSelectMultiple,
            help_text="None ticked: tell all.",
        )
        if not channels:
            del self.fields["channels"]
        if rule.rule is not AlertRule.NEW_HOST:
            del self.fields["threshold"], self.fields["within_minutes"]
        self.carry_shown(*self.fields)

    def chosen(self) -> Rule:
        """Return the rule as it was chosen."""
        values = {**self.initial, **self.to_save()}
        return Rule(
            rule=self.rule,
            enabled=values["enabled"],
            threshold=values["threshold"],
            within_minutes=values["within_minutes"],
            domains=tuple(values["domains"].replace(",", " ").lower().split()),
            channels=tuple(values["channels"]),
        )


class ChannelForm(forms.Form):
    """A new channel."""

    name = forms.CharField(label="Name", max_length=64)
    kind = forms.ChoiceField(label="Kind", choices=list(KINDS.items()))
    target = forms.CharField(
        label="Address, or URL of the webhook",
        max_length=2000,
        help_text="The path of a URL is a secret: it is not shown again.",
    )

    def clean_name(self) -> str:
        """Return the name, which no other channel has."""
        try:
            return channels.free_name(self.cleaned_data["name"])
        except RefusedError as error:
            raise forms.ValidationError(str(error)) from None

    def kind_chosen(self) -> ChannelKind:
        """Return the kind."""
        return ChannelKind(self.cleaned_data["kind"])
