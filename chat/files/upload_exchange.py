"""The exchange between the view of an upload and the server (chatproject/serving/uploads.py).

The server calls the view before it reads a body. The view says what it wants; the server receives it without holding a place among
the requests, and calls the view again. Without such a server (in tests) a view reads the request itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

from rest_framework.request import Request

from chat.allowances.table import Whose
from chat.files.sanitizing import SanitizedFile
from delivery.wire.errors import Refused

#: The exchange's key in the scope.
EXCHANGE = "gapless.upload"


@dataclass(frozen=True, slots=True)
class Body:
    """The view wants the request's bytes, at most so many. If the connection ends early, it gets the bytes that have arrived."""

    most_bytes: int


@dataclass(frozen=True, slots=True)
class Form:
    """The view wants the part `file` of a multipart form, sanitized."""

    most_bytes: int


@dataclass(frozen=True, slots=True)
class Work:
    """The view wants long work to be done, which uses no database."""

    do: Callable[[], SanitizedFile]


Wanted = Body | Form | Work
#: What the server has received: for a body, its bytes.
Received = SanitizedFile | IO[bytes] | Refused


@dataclass(slots=True)
class UploadExchange:
    """The exchange about one request: what the view wants, and what the server has received."""

    #: The client's Content-Type; empty if there is none.
    content_type: str = ""
    content_length: int | None = None
    #: The key under which uploads are counted together (chat/files/api/upload_allowance.py).
    source: Whose = ""
    is_from_outside: bool = False
    wants: Wanted | None = None
    got: list[Received] = field(default_factory=list)

    def has(self) -> Any:
        """Takes what the view wanted last; None before it has wanted anything. Raises the refusal if it was refused."""
        if not self.got:
            return None
        last = self.got[-1]
        if isinstance(last, Refused):
            raise last
        return last


def exchange_of(request: Request) -> UploadExchange | None:
    found: UploadExchange | None = getattr(request._request, "scope", {}).get(EXCHANGE)
    return found
