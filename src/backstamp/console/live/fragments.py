"""fragments: the part of a live page that htmx fetches when something has changed."""

from django.http import HttpRequest


def template_for(request: HttpRequest, page: str) -> str:
    """Return the template of a page, or of its live part where htmx asks for that alone."""
    kind = "_live" if request.headers.get("HX-Request") == "true" else ""
    return f"console/{page}{kind}.html"
