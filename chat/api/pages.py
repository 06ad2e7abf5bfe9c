"""Lists as the contract spells them: {results, next, previous} and a Link header, with the numbers that the addresses hold."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from delivery.wire import ids
from delivery.wire.errors import Invalid


def number(request: Request, name: str, default: int | None = None) -> int | None:
    """A query parameter as a number from 0. Raises Invalid."""
    raw = request.query_params.get(name)
    if raw is None:
        return default
    if not ids.is_number(raw):
        raise Invalid(f"{name} must be a whole number, not {raw[:40]!r}.")
    return int(raw)


def page_size(request: Request) -> int:
    """`?page_size=`, for programs. Raises Invalid."""
    size = number(request, "page_size", settings.LIMITS.page) or 0
    if not 1 <= size <= settings.LIMITS.page_most:
        raise Invalid(f"page_size must be from 1 to {settings.LIMITS.page_most}.")
    return size


#: A query parameter, and the value with which the page beside this one begins; None: there is none.
Turn = Mapping[str, int | str | None]


def listed(
    request: Request, results: Sequence[Any], *, following: Turn, preceding: Turn | None = None, **more: Any
) -> Response:
    """One page, and where those beside it begin: as addresses, and as `next_…` and `previous_…`."""
    preceding = preceding or {}
    links = {"next": _url(request, following), "previous": _url(request, preceding)}
    numbers = {
        **{f"next_{name}": value for name, value in following.items()},
        **{f"previous_{name}": value for name, value in preceding.items()},
    }
    response = Response({"results": results, **links, "has_more": links["next"] is not None, **numbers, **more})
    header = ", ".join(f'<{url}>; rel="{"prev" if name == "previous" else name}"' for name, url in links.items() if url)
    if header:
        response["Link"] = header
    return response


def paged(
    request: Request, rows: "QuerySet[Any]", spell: Callable[[Any], Any], *, by: str = "pk", newest_first: bool = False
) -> Response:
    """A page of rows in the order of a unique, growing column, or backward; `?cursor=` continues after its value."""
    size = page_size(request)
    cursor = number(request, "cursor")
    if cursor is not None:
        rows = rows.filter(**{f"{by}__lt" if newest_first else f"{by}__gt": cursor})
    found: list[Model] = list(rows.order_by(f"-{by}" if newest_first else by)[: size + 1])
    following = getattr(found[size - 1], by) if len(found) > size else None
    return listed(request, [spell(row) for row in found[:size]], following={"cursor": following})


def _url(request: Request, turn: Turn) -> str | None:
    query = {name: value for name, value in turn.items() if value is not None}
    if not query:
        return None
    kept = {k: v for k, v in request.query_params.items() if k not in ("before", "after", "around", "since", "cursor")}
    return request.build_absolute_uri(f"{request.path}?{urlencode({**kept, **query})}")
