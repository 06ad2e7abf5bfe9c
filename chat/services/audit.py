"""Writes the audit log in the transaction of the act itself: no act without its line, no line without its act."""

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from chat import clock
from chat.middleware import caller
from chat.models import AuditEntry, User
from chat.naming import shows_nothing
from delivery.wire.errors import Invalid

#: Characters that the columns of reasons hold.
REASON_CHARACTERS = 500

_watched: ContextVar[list[str] | None] = ContextVar("watched", default=None)


@contextlib.contextmanager
def watched() -> Iterator[list[str]]:
    """Collects the acts that are recorded within the block, in this context only; an act that changed nothing is not recorded."""
    lines: list[str] = []
    token = _watched.set(lines)
    try:
        yield lines
    finally:
        _watched.reset(token)


def record(
    act: str,
    *,
    actor: User | None,
    whom: int | None = None,
    channel: int | None = None,
    message: int | None = None,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Writes one line: the actor (None: the console), the act, the person it concerns, the reason; time and address are added."""
    origin = caller.current_origin()
    lines = _watched.get()
    if lines is not None:
        lines.append(act)
    AuditEntry.objects.create(
        created_at=clock.now(),
        act=act,
        actor=actor,
        whom_id=whom,
        channel_id=channel,
        message_id=message,
        reason=reason,
        details=dict(details or {}),
        door=origin.door,
        address=origin.address,
    )


def checked_reason(reason: str) -> str:
    """The reason, stripped. Raises Invalid for a reason that is blank or can't be stored."""
    reason = bounded_reason(reason)
    if not reason:
        raise Invalid("Say why: a reason is needed.")
    return reason


def bounded_reason(reason: str) -> str:
    """The same for acts whose reason is optional: a blank reason becomes the empty text."""
    reason = "" if shows_nothing(reason) else reason.strip()
    if len(reason) > REASON_CHARACTERS:
        raise Invalid(f"A reason has at most {REASON_CHARACTERS} characters.")
    if "\x00" in reason:
        raise Invalid("A reason can't contain the NUL character.")
    return reason
