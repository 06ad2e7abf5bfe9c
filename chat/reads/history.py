"""Pages of a channel's messages by their place: newest first, before, after or around a `seq`."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from django.conf import settings

from chat import shapes
from chat.models import Message
from chat.reads.cache import recent
from delivery.wire import codec


@dataclass(frozen=True, slots=True)
class Page:
    """Messages as they are spelled for clients, newest first, and where the pages beside this one begin (None: none)."""

    raws: Sequence[bytes]
    older_than: int | None = None
    newer_than: int | None = None


def newest(channel: int) -> tuple[list[shapes.Message], int | None]:
    """The last page, oldest first as it is read, and the seq to ask older ones from (None: there are none)."""
    found = page(channel)
    return [msgspec.json.decode(raw, type=shapes.Message) for raw in reversed(found.raws)], found.older_than


def page(
    channel: int,
    *,
    size: int | None = None,
    before: int | None = None,
    after: int | None = None,
    around: int | None = None,
) -> Page:
    """At most `size`, else one page. `around`: about half of it on each side, the message itself included."""
    size = size or settings.LIMITS.page
    if (before, after, around) == (None, None, None):
        return _newest_from_cache(channel, size) or newest_from_rows(channel, size)
    rows = _rows(channel, size, before=before, after=after, around=around)
    if not rows:
        return Page([])
    older = rows[-1].seq if Message.objects.filter(channel_id=channel).before(rows[-1].seq).exists() else None
    newer = rows[0].seq if Message.objects.filter(channel_id=channel).after(rows[0].seq).exists() else None
    return Page(_spelled(rows), older, newer)


def newest_from_rows(channel: int, size: int | None = None) -> Page:
    size = size or settings.LIMITS.page
    # One more than the page says whether there are older ones.
    rows = list(Message.objects.filter(channel_id=channel).for_the_wire().order_by("-seq")[: size + 1])
    return Page(_spelled(rows[:size]), rows[size - 1].seq if len(rows) > size else None)


def _newest_from_cache(channel: int, size: int) -> Page | None:
    found = recent.newest(channel, size)
    if found is None:
        return None
    raws, has_older = found
    return Page(raws, msgspec.json.decode(raws[-1], type=_Place).seq if has_older else None)


def _rows(channel: int, size: int, *, before: int | None, after: int | None, around: int | None) -> list[Message]:
    rows = Message.objects.filter(channel_id=channel).for_the_wire()
    if around is not None:
        older = list(rows.before(around).order_by("-seq")[: size // 2])
        newer = list(rows.after(around - 1).order_by("seq")[: size - len(older)])
        return newer[::-1] + older
    if after is not None:
        return list(rows.after(after).order_by("seq")[:size])[::-1]
    assert before is not None
    return list(rows.before(before).order_by("-seq")[:size])


def _spelled(rows: Sequence[Message]) -> list[bytes]:
    return [codec.encode(shapes.message_of(row)) for row in rows]


class _Place(msgspec.Struct):
    seq: int
