"""What an operation takes, gives and refuses, said beside it with @documented. The OpenAPI document is made from this."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from chat.api.inputs import Strict

Operation = TypeVar("Operation", bound=Callable[..., Any])
Shape = type[msgspec.Struct]


@dataclass(frozen=True)
class Page:
    """A list as the contract spells it, of these; `more`: what it says besides, as JSON Schema."""

    of: Shape
    more: Mapping[str, Any] = field(default_factory=dict)
    #: Whether `next` leads on by itself (a cursor), so that `?cursor=` is taken.
    by_cursor: bool = True
    has_previous: bool = False


@dataclass(frozen=True)
class Documented:
    gives: Mapping[int, Shape | Page | None]
    takes: type[Strict] | None = None
    #: Query parameters by name, each a JSON Schema with a description.
    query: Mapping[str, Any] = field(default_factory=dict)
    #: HTTP statuses of refusals, besides those that follow from method and path.
    refuses: Sequence[int] = ()


def documented(
    gives: Shape | Page | Mapping[int, Shape | Page | None],
    *,
    takes: type[Strict] | None = None,
    query: Mapping[str, Any] | None = None,
    refuses: Sequence[int] = (),
) -> Callable[[Operation], Operation]:
    """Beside a view's method. `gives`: what 200 has, or each status with its shape (None: no body)."""
    answers = gives if isinstance(gives, Mapping) else {200: gives}

    def remember(operation: Operation) -> Operation:
        operation.documented = Documented(answers, takes, query or {}, refuses)  # type: ignore[attr-defined]
        return operation

    return remember


def whole(description: str) -> dict[str, Any]:
    """A query parameter that is a number from 0."""
    return {"type": "integer", "minimum": 0, "maximum": 10**18 - 1, "description": description}


def text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def one_of(*values: str, default: str, description: str = "") -> dict[str, Any]:
    return {"type": "string", "enum": list(values), "default": default, "description": description}
