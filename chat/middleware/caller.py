"""The origin of an act: the door and the address, for the audit log. Each door sets it once, verbs read it.

Outside of all doors the origin is the console.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from chat.models import Door


@dataclass(frozen=True, slots=True)
class Origin:
    door: str
    address: str | None
    #: The act is about one row of a bulk act.
    is_bulk: bool = False


_CONSOLE = Origin(Door.COMMAND, None)
_origin: ContextVar[Origin] = ContextVar("origin", default=_CONSOLE)


def current_origin() -> Origin:
    """The origin of acts in this context; by default the console's."""
    return _origin.get()


@contextlib.contextmanager
def with_origin(door: str, address: str | None) -> Iterator[None]:
    """Within the block, acts have this origin; in this context only."""
    token = _origin.set(Origin(door, address))
    try:
        yield
    finally:
        _origin.reset(token)


@contextlib.contextmanager
def in_bulk() -> Iterator[None]:
    """Within the block, acts are rows of one bulk act of the same origin."""
    token = _origin.set(dataclasses.replace(current_origin(), is_bulk=True))
    try:
        yield
    finally:
        _origin.reset(token)


#: The doors by the beginnings of their paths; every other path is a page.
DOORS = {"/api/": Door.API, "/admin/": Door.ADMIN}


class OriginMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        door = next((door for prefix, door in DOORS.items() if request.path.startswith(prefix)), Door.PAGE)
        with with_origin(door, request.META.get("REMOTE_ADDR") or None):
            return self._get_response(request)
