"""paging: a page of a list that is sorted by time, as a request asks for it."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest

from backstamp.records.queries.keyset import NewestFirst

Row = TypeVar("Row", bound=Model)


def page_of(
    request: HttpRequest, rows: QuerySet[Row], order: NewestFirst, size: int, name: str = "before"
) -> tuple[list[Row], dict[str, Any]]:
    """Return the rows of a page, and what `older.html` must be told of it, apart from what is `kept`.

    `name` is that of the end of the page before in the address: two lists on one page have two. Where nothing
    is left behind it, since somebody handled or removed that, the newest are shown. Raises `Http404` where it
    is none.
    """
    before = request.GET.get(name, "")
    try:
        wanted = order.rows(rows, before)
    except ValueError:
        raise Http404 from None
    found = list(wanted[: size + 1])
    if before and not found:
        before, found = "", list(order.rows(rows)[: size + 1])
    shown, older = order.page(found, size)
    return shown, {"older": older, "first_page": not before, "name": name}
