"""How fields of forms are bound: whoever made a mistake is led to it, by eye and by ear."""

from typing import Any, Final

from django.forms import BaseForm, BoundField, Widget
from django.forms.renderers import DjangoTemplates

_WHOLE: Final = "whole_form"


def whole_form_id(form: BaseForm) -> str:
    """Return the id of the notice that says what is wrong with a form as a whole."""
    return f"{str(form.auto_id).replace('%s', _WHOLE)}_error"


class LedToField(BoundField):
    """Takes the focus where it is the first that is wrong, and names the notice that is about all fields.

    Django itself says of a field that it is invalid, and by which words. The answer to a form that was sent
    is a new page, of which a reader would else hear the top, and see it: the mistake may be far below.
    """

    def build_widget_attrs(self, attrs: dict[str, Any], widget: Widget | None = None) -> dict[str, Any]:
        """Return a widget's attributes."""
        attrs = super().build_widget_attrs(attrs, widget)
        if self.form.non_field_errors():
            about = (str(attrs.get("aria-describedby") or ""), whole_form_id(self.form))
            attrs["aria-describedby"] = " ".join(about).strip()
        elif self.errors and self.name == next(name for name in self.form.fields if name in self.form.errors):
            attrs["autofocus"] = True
        return attrs


class Renderer(DjangoTemplates):
    """Renders forms as Django does, of such fields."""

    bound_field_class = LedToField
