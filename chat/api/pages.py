"""Lists as the contract spells them: {results, next, previous} and a Link header."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from delivery.errors import Invalid


def number(request: Request, name: str, default: int | None = None) -> int | None:
    """A query parameter as a number from 0. Raises Invalid."""
    raw = request.query_params.get(name)
    if raw is None:
        return default
    if not raw.isascii() or not raw.isdigit() or len(raw) > 18:
        raise Invalid(f"{name} must be a whole number, not {raw[:40]!r}.")
    return int(raw)


def listed(
    request: Request, results: Sequence[Any], *, next_query: Any = None, previous_query: Any = None, **more: Any
) -> Response:
    """One page; the queries replace those of the request in the links."""
    links = {"next": _url(request, next_query), "previous": _url(request, previous_query)}
    response = Response({"results": results, **links, **more})
    header = ", ".join(f'<{url}>; rel="{"prev" if name == "previous" else name}"' for name, url in links.items() if url)
    if header:
        response["Link"] = header
    return response


def paged(
    request: Request, rows: "QuerySet[Any]", spell: Callable[[Any], Any], *, by: str = "pk", newest_first: bool = False
) -> Response:
    """A page of rows in the order of a unique, growing column, or backward; `?cursor=` continues after its value."""
    size = settings.LIMITS.page
    cursor = number(request, "cursor")
    if cursor is not None:
        rows = rows.filter(**{f"{by}__lt" if newest_first else f"{by}__gt": cursor})
    found: list[Model] = list(rows.order_by(f"-{by}" if newest_first else by)[: size + 1])
    following = {"cursor": getattr(found[size - 1], by)} if len(found) > size else None
    return listed(request, [spell(row) for row in found[:size]], next_query=following)


def _url(request: Request, query: dict[str, Any] | None) -> str | None:
    if query is None:
        return None
    kept = {k: v for k, v in request.query_params.items() if k not in ("before", "after", "around", "since", "cursor")}
    return request.build_absolute_uri(f"{request.path}?{urlencode({**kept, **query})}")
