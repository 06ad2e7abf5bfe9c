"""Pages of lists, with a Link header. chat/shapes/page.py has the shape of a list."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from chat import shapes
from delivery.wire import ids
from delivery.wire.errors import Invalid


def number(request: Request, name: str, default: int | None = None) -> int | None:
    """Reads a query parameter as a number of at least 0. Raises Invalid."""
    raw = request.query_params.get(name)
    if raw is None:
        return default
    if not ids.is_number(raw):
        raise Invalid(f"{name} must be a whole number, not {raw[:40]!r}.")
    return int(raw)


def page_size(request: Request) -> int:
    """Reads `?page_size=`, for programs. Raises Invalid."""
    size = number(request, "page_size", settings.LIMITS.page) or 0
    if not 1 <= size <= settings.LIMITS.page_most:
        raise Invalid(f"page_size must be from 1 to {settings.LIMITS.page_most}.")
    return size


def listed(page: shapes.Page[Any]) -> Response:
    """The response with the page and its Link header."""
    links = {"next": page.next, "prev": page.previous}
    header = ", ".join(f'<{address}>; rel="{name}"' for name, address in links.items() if address)
    return Response(page, headers={"Link": header} if header else None)


def address(request: Request, **turn: int | str | None) -> str | None:
    """The address of a neighbouring page: this request's address with the given parameter; None if its value is None."""
    query = {name: value for name, value in turn.items() if value is not None}
    if not query:
        return None
    kept = {k: v for k, v in request.query_params.items() if k not in ("before", "after", "around", "since", "cursor")}
    return request.build_absolute_uri(f"{request.path}?{urlencode({**kept, **query})}")


def by_cursor(request: Request, results: Sequence[Any], following: int | None) -> Response:
    """A page of rows. `following`: the cursor at which the next page begins; None if this page is the last."""
    after = address(request, cursor=following)
    page = shapes.CursorPage(
        results=results, next=after, previous=None, has_more=after is not None, next_cursor=following
    )
    return listed(page)


def paged(
    request: Request, rows: "QuerySet[Any]", spell: Callable[[Any], Any], *, by: str = "pk", newest_first: bool = False
) -> Response:
    """A page of rows ordered by a unique, growing column, or backward; `?cursor=` continues after a value of this column."""
    size = page_size(request)
    cursor = number(request, "cursor")
    if cursor is not None:
        rows = rows.filter(**{f"{by}__lt" if newest_first else f"{by}__gt": cursor})
    found: list[Model] = list(rows.order_by(f"-{by}" if newest_first else by)[: size + 1])
    following = getattr(found[size - 1], by) if len(found) > size else None
    return by_cursor(request, [spell(row) for row in found[:size]], following)
