"""What a browser sends of a form as a page shows it."""

from html.parser import HTMLParser


class _Form(HTMLParser):
    def __init__(self, action: str | None) -> None:
        super().__init__()
        self.action = action
        self.inside = action is None
        self.sent: dict[str, list[str]] = {}
        self.select = ""
        self.area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        if tag == "form" and self.action is not None:
            self.inside = fields.get("action") == self.action
        if not self.inside:
            return
        name, value = fields.get("name") or "", fields.get("value")
        if tag == "input" and fields.get("type") != "file":
            if fields.get("type") not in ("checkbox", "radio") or "checked" in fields:
                nothing = "on" if fields.get("type") == "checkbox" else ""
                self.sent.setdefault(name, []).append(nothing if value is None else value)
        elif tag == "select":
            self.select = name
        elif tag == "option" and "selected" in fields:
            self.sent.setdefault(self.select, []).append(value or "")
        elif tag == "textarea":
            self.area = name
            self.sent[name] = [""]

    def handle_data(self, data: str) -> None:
        if self.inside and self.area is not None:
            self.sent[self.area][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area is not None:
            self.sent[self.area] = [self.sent[self.area][0].removeprefix("\n")]
            self.area = None


def filled(page: str, action: str | None = None) -> dict[str, list[str]]:
    """Return the fields of the form that is sent to `action`, or of a form that is all of the page."""
    form = _Form(action)
    form.feed(page)
    form.sent.pop("", None)
    # HTML, "Constructing the entry list": lines end in CRLF, in whatever field.
    return {name: ["\r\n".join(value.splitlines()) for value in values] for name, values in form.sent.items()}
