"""What an operation takes, gives and refuses, said beside it with @documented. The OpenAPI document is made from this."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import msgspec
from django.conf import settings
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from chat.api.inputs import Input, Nothing
from chat.api.reading import read
from delivery.wire import ids
from delivery.wire.errors import Invalid

Operation = TypeVar("Operation", bound=Callable[..., Any])
Shape = type[msgspec.Struct]


@dataclass(frozen=True)
class ListOf:
    """A list as the contract spells it, of these; `more`: what it says besides, as JSON Schema."""

    of: Shape
    more: Mapping[str, Any] = field(default_factory=dict)
    #: The query parameter with which the next page begins; said as `next_…` beside the address.
    by: str = "cursor"
    #: The same for the page before it.
    back_by: str | None = None
    is_sized: bool = True

    @property
    def query(self) -> dict[str, Any]:
        """The parameters that come with a list."""
        cursor = {"cursor": whole("Where a page begins: `next_cursor`.")} if self.by == "cursor" else {}
        size = whole(
            "How many on a page, for programs.", least=1, most=settings.LIMITS.page_most, default=settings.LIMITS.page
        )
        return {**cursor, **({"page_size": size} if self.is_sized else {})}


@dataclass(frozen=True)
class Documented:
    """What is said of an operation, and held: parameters and fields that are not said are refused."""

    gives: Mapping[int, Shape | ListOf | None]
    takes: type[Input] | None = None
    #: Query parameters by name, each a JSON Schema with a description.
    query: Mapping[str, Any] = field(default_factory=dict)
    #: Of these parameters, one at most.
    one_of: Sequence[str] = ()
    #: HTTP statuses of refusals, besides those that follow from method and path.
    refuses: Sequence[int] = ()
    has_etag: bool = False

    @property
    def page(self) -> ListOf | None:
        return next((given for given in self.gives.values() if isinstance(given, ListOf)), None)

    def require(self, request: Request) -> None:
        """Raises ValidationError for what the operation does not have, Invalid for parameters that exclude each other."""
        unknown = sorted(set(request.query_params) - set(self.query))
        if unknown:
            raise ValidationError({name: ["There is no such parameter."] for name in unknown})
        if sum(name in request.query_params for name in self.one_of) > 1:
            raise Invalid(f"Give one of {', '.join(self.one_of)}.")
        if self.takes is None and request.method not in SAFE_METHODS:
            read(Nothing, request.data)


def documented(
    gives: Shape | ListOf | Mapping[int, Shape | ListOf | None],
    *,
    takes: type[Input] | None = None,
    query: Mapping[str, Any] | None = None,
    one_of: Sequence[str] = (),
    refuses: Sequence[int] = (),
    has_etag: bool = False,
) -> Callable[[Operation], Operation]:
    """Beside a view's method. `gives`: what 200 has, or each status with its shape (None: no body)."""
    answers = gives if isinstance(gives, Mapping) else {200: gives}
    said = Documented(answers, takes, query or {}, one_of, refuses, has_etag)
    if said.page is not None:
        said = replace(said, query={**said.page.query, **said.query})

    def hold(operation: Operation) -> Operation:
        @functools.wraps(operation)
        def held(view: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
            said.require(request)
            return operation(view, request, *args, **kwargs)

        held.documented = said  # type: ignore[attr-defined]
        return cast(Operation, held)

    return hold


def whole(description: str, *, least: int = 0, most: int = ids.MOST, **more: Any) -> dict[str, Any]:
    """A query parameter that is a whole number."""
    return {"type": "integer", "minimum": least, "maximum": most, "description": description, **more}


def text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def one_of(*values: str, default: str, description: str = "") -> dict[str, Any]:
    return {"type": "string", "enum": list(values), "default": default, "description": description}
