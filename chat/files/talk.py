"""What the view of an upload and the server say to each other (chatproject/serving/uploads.py).

The server asks the view before it reads a body; the view says what it wants; the server gets it without holding a place among the
requests, and asks again. Without such a server (in tests) a view reads the request itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

from rest_framework.request import Request

from chat.allowances.table import Whose
from chat.files.developing import Developed
from delivery.wire.errors import Refused

#: In the scope.
TALK = "gapless.upload"


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of the request, at most so many. Where the connection ends before them, what has come is handed on as well."""

    most_bytes: int


@dataclass(frozen=True, slots=True)
class Form:
    """The part `file` of a multipart form, developed."""

    most_bytes: int


@dataclass(frozen=True, slots=True)
class Work:
    """Something that takes long, and no database while it does."""

    do: Callable[[], Developed]


Wanted = Body | Form | Work
#: What the server got: of a body its bytes.
Got = Developed | IO[bytes] | Refused


@dataclass(slots=True)
class Talk:
    """About one request."""

    #: As the client said it; empty where it did not.
    content_type: str = ""
    content_length: int | None = None
    #: Whose uploads are counted together (chat/files/api/counting.py).
    source: Whose = ""
    is_from_outside: bool = False
    wants: Wanted | None = None
    got: list[Got] = field(default_factory=list)

    def has(self) -> Any:
        """What was wanted last, once; None before anything was. Raises what refused it."""
        if not self.got:
            return None
        last = self.got[-1]
        if isinstance(last, Refused):
            raise last
        return last


def talk_of(request: Request) -> Talk | None:
    found: Talk | None = getattr(request._request, "scope", {}).get(TALK)
    return found
