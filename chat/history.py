"""Pages of a channel's messages by their place: newest first, before, after or around a `seq`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from chat import wire
from chat.models import Message


def newest(channel: int) -> tuple[list[dict[str, Any]], int | None]:
    """The last page, oldest first as it is read, and the seq to ask older ones from (None: there are none)."""
    rows = page(channel)
    messages = [wire.message_dict(row) for row in reversed(rows)]
    return messages, messages[0]["seq"] if rows and has_before(channel, rows) else None


def page(
    channel: int, *, before: int | None = None, after: int | None = None, around: int | None = None
) -> list[Message]:
    """At most one page, newest first. `around`: about half of it on each side, the message itself included."""
    size = settings.LIMITS.page
    rows = Message.objects.filter(channel_id=channel).for_the_wire()
    if around is not None:
        older = list(rows.before(around).order_by("-seq")[: size // 2])
        newer = list(rows.after(around - 1).order_by("seq")[: size - len(older)])
        return newer[::-1] + older
    if after is not None:
        return list(rows.after(after).order_by("seq")[:size])[::-1]
    if before is not None:
        rows = rows.before(before)
    return list(rows.order_by("-seq")[:size])


def has_before(channel: int, rows: Sequence[Message]) -> bool:
    return bool(rows) and Message.objects.filter(channel_id=channel).before(rows[-1].seq).exists()


def has_after(channel: int, rows: Sequence[Message]) -> bool:
    return bool(rows) and Message.objects.filter(channel_id=channel).after(rows[0].seq).exists()
