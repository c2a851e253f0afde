"""Forms over what several administrators may change at once: nobody undoes unseen what another has done."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.http import QueryDict

_SHOWN: Final = 100


class MergingForm(forms.Form):
    """Changes what its sender changed, and leaves the rest as it is stored by then.

    Each field that `carry_shown` names bears what it showed. Where somebody else has changed meanwhile what
    the sender changes too, nothing is saved: the field says what it is by now, and the next time it goes
    through. A form that bears nothing, as none of our pages sends it, sets all of its fields.
    """

    def stored(self) -> Mapping[str, Any]:
        """Return what is stored now, by field, as it would be shown."""
        return self.initial

    def carry_shown(self, *names: str) -> None:
        """Have these fields bear what they show."""
        bears = not self.is_bound or any(self.add_initial_prefix(name) in self.data for name in names)
        for name in names:
            self.fields[name].show_hidden_initial = bears

    def to_save(self) -> dict[str, Any]:
        """Return what is to be stored of a valid form."""
        changed = set(self.changed_data)
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name in changed or not self.fields[name].show_hidden_initial
        }

    def clean(self) -> dict[str, Any]:
        """Hold what the sender changed against what is stored by now."""
        cleaned = super().clean() or {}
        borne = [name for name, field in self.fields.items() if field.show_hidden_initial]
        stored = self.stored()
        now = {name: self.fields[name].prepare_value(stored.get(name)) for name in borne}
        changed = [name for name in borne if name in self.changed_data]
        for name in changed:
            hidden = self.fields[name].hidden_widget()
            shown = hidden.value_from_datadict(self.data, self.files, self.add_initial_prefix(name))
            was_changed = name in cleaned and self._differs(name, now[name], shown)
            if was_changed and self._differs(name, now[name], self[name].data):
                words = f"By now this is {self._words(name, now[name])}"
                self.add_error(name, f"{words}. Save again to set it to what you chose.")
        if self.errors:
            self._show(now, changed)
        return cleaned

    def _differs(self, name: str, now: Any, sent: Any) -> bool:
        return self.fields[name].has_changed(_lines(now), _lines(sent))

    def _words(self, name: str, now: Any) -> str:
        field = self.fields[name]
        if isinstance(field, forms.BooleanField):
            return "ticked" if now else "not ticked"
        many = now if isinstance(now, list | tuple) else [now]
        named = dict[Any, Any](list(field.choices)) if isinstance(field, forms.ChoiceField) else {}  # type: ignore[arg-type]
        words = ", ".join(
            str(named.get(each, each)) for each in many if each not in (None, "") or each in named
        )
        return f"“{words[:_SHOWN]}”" if words else "empty"

    def _show(self, now: Mapping[str, Any], changed: list[str]) -> None:
        """Show the form anew as it is stored by now, with what its sender changed."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        for name, value in now.items():
            for key in (
                self.add_initial_prefix(name),
                *(() if name in changed else (self.add_prefix(name),)),
            ):
                data.setlist(key, _as_sent(value, hidden=key != self.add_prefix(name)))
        self.data = data


def _as_sent(value: Any, *, hidden: bool) -> list[str]:
    """Return a value as a browser sends it: a box that is not ticked sends nothing."""
    if isinstance(value, list | tuple):
        return [str(each) for each in value]
    if isinstance(value, bool) and not hidden:
        return ["on"] if value else []
    return ["" if value is None else str(value)]


def _lines(value: Any) -> Any:
    """Return text with the ends of lines that browsers make."""
    return "\r\n".join(value.splitlines()) if isinstance(value, str) else value
