"""@documented declares beside each operation what it takes, gives and refuses. The OpenAPI document is made from this."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_origin

import msgspec
from django.conf import settings
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from chat import shapes
from chat.api.inputs import Input, Nothing
from chat.api.reading import read
from delivery.wire import ids
from delivery.wire.errors import Invalid

Operation = TypeVar("Operation", bound=Callable[..., Any])
Shape = type[msgspec.Struct]
#: A shape, or a union of shapes: some callers get one, others another.
Given = Any


def is_union(given: Given) -> bool:
    kind: Any = get_origin(given)
    return kind is Union or kind is UnionType


def page_kind(given: Given | None) -> type[shapes.Page[Any]] | None:
    """The kind of page, if the shape is a page of rows."""
    kind = get_origin(given)
    return kind if isinstance(kind, type) and issubclass(kind, shapes.Page) else None


@dataclass(frozen=True)
class Documented:
    """What an operation declares, and enforces: undeclared parameters and fields are refused."""

    gives: Mapping[int, Given | None]
    #: An example of the body.
    takes: Input | None = None
    #: Query parameters by name, each a JSON Schema with a description.
    query: Mapping[str, Any] = field(default_factory=dict)
    #: Parameters that exclude each other: a request may have one of them.
    one_of: Sequence[str] = ()
    #: HTTP statuses of refusals, besides those that method and path imply.
    refuses: Sequence[int] = ()
    has_etag: bool = False
    #: A body that is no JSON, as OpenAPI describes it by media type.
    takes_bytes: Mapping[str, Any] | None = None

    def require(self, request: Request) -> None:
        """Raises ValidationError for undeclared parameters and fields, Invalid for parameters that exclude each other."""
        unknown = sorted(set(request.query_params) - set(self.query))
        if unknown:
            raise ValidationError({name: ["There is no such parameter."] for name in unknown})
        if sum(name in request.query_params for name in self.one_of) > 1:
            raise Invalid(f"Give one of {', '.join(self.one_of)}.")
        if self.takes is None and self.takes_bytes is None and request.method not in SAFE_METHODS:
            read(Nothing, request.data)


def documented(
    gives: Given | Mapping[int, Given | None],
    *,
    takes: Input | None = None,
    query: Mapping[str, Any] | None = None,
    one_of: Sequence[str] = (),
    refuses: Sequence[int] = (),
    has_etag: bool = False,
    takes_bytes: Mapping[str, Any] | None = None,
) -> Callable[[Operation], Operation]:
    """Decorates a view's method. `gives`: the shape of 200, or each status with its shape (None: no body). `takes`: an example."""
    answers = gives if isinstance(gives, Mapping) else {200: gives}
    paging = {name: schema for given in answers.values() for name, schema in _paging(given).items()}
    said = Documented(answers, takes, {**paging, **(query or {})}, one_of, refuses, has_etag, takes_bytes)

    def hold(operation: Operation) -> Operation:
        @functools.wraps(operation)
        def held(view: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
            said.require(request)
            return operation(view, request, *args, **kwargs)

        held.documented = said  # type: ignore[attr-defined]
        return cast(Operation, held)

    return hold


def _paging(given: Given | None) -> dict[str, Any]:
    kind = page_kind(given)
    cursor = (
        {"cursor": whole("Where the page begins: `next_cursor` of the page before.")}
        if kind is shapes.CursorPage
        else {}
    )
    if kind is None or not issubclass(kind, shapes.CursorPage | shapes.HistoryPage):
        return cursor
    most, usual = settings.LIMITS.page_most, settings.LIMITS.page
    return {**cursor, "page_size": whole("Rows a page, for programs.", least=1, most=most, default=usual)}


def whole(description: str, *, least: int = 0, most: int = ids.MOST, **more: Any) -> dict[str, Any]:
    """A query parameter that is a whole number."""
    return {"type": "integer", "minimum": least, "maximum": most, "description": description, **more}


def text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def one_of(*values: str, default: str, description: str = "") -> dict[str, Any]:
    return {"type": "string", "enum": list(values), "default": default, "description": description}
