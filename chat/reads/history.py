"""Pages of a channel's messages by their place: newest first, before, after or around a `seq`."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from django.conf import settings

from chat import shapes
from chat.models import Message
from chat.models.message import MessageQuerySet
from chat.reads.cache import recent
from delivery.wire import codec, ids


@dataclass(frozen=True, slots=True)
class Page:
    """Messages as they are spelled for clients, newest first, and where the pages beside this one begin (None: none)."""

    raws: Sequence[bytes]
    older_than: int | None = None
    newer_than: int | None = None


def first_seen(channel: int, *, unread_from: int | None, pointed: int | None = None) -> Page:
    """The newest page; when what is unread begins before it, the page around that place. `pointed`: around this one instead."""
    if pointed is not None:
        return page(channel, around=pointed)
    found = page(channel)
    is_enough = unread_from is None or found.older_than is None or found.older_than <= unread_from
    return found if is_enough else page(channel, around=unread_from)


def as_read(found: Page) -> list[shapes.Message]:
    """Oldest first."""
    return [msgspec.json.decode(raw, type=shapes.Message) for raw in reversed(found.raws)]


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
    return _page_of(Message.objects.filter(channel_id=channel), size, before=before, after=after, around=around)


def page_of_thread(
    root: int, *, size: int, before: int | None = None, after: int | None = None, around: int | None = None
) -> Page:
    """The same of the replies in a thread."""
    if (before, after, around) == (None, None, None):
        before = ids.MOST
    return _page_of(Message.objects.filter(thread_id=root), size, before=before, after=after, around=around)


def _page_of(rows: MessageQuerySet, size: int, *, before: int | None, after: int | None, around: int | None) -> Page:
    if around is not None:
        older = _down(rows.before(around), size // 2 + 1)
        room = size - min(len(older), size // 2)
        newer = _up(rows.after(around - 1), room + 1)
        kept = newer[:room][::-1] + older[: size // 2]
        return _page(kept, has_older=len(older) > size // 2, has_newer=len(newer) > room)
    if after is not None:
        newer = _up(rows.after(after), size + 1)
        return _page(newer[:size][::-1], has_older=_exists(rows.before(after + 1), "-seq"), has_newer=len(newer) > size)
    assert before is not None
    older = _down(rows.before(before), size + 1)
    return _page(older[:size], has_older=len(older) > size, has_newer=_exists(rows.after(before - 1), "seq"))


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


def _down(rows: MessageQuerySet, count: int) -> list[Message]:
    return list(rows.for_the_wire().order_by("-seq")[:count])


def _up(rows: MessageQuerySet, count: int) -> list[Message]:
    return list(rows.for_the_wire().order_by("seq")[:count])


def _exists(rows: MessageQuerySet, order: str) -> bool:
    # In order, so that the index is asked for the first one: else PostgreSQL may look through half the table for any.
    return rows.order_by(order).values_list("seq").first() is not None


def _page(rows: Sequence[Message], *, has_older: bool, has_newer: bool) -> Page:
    if not rows:
        return Page([])
    return Page(_spelled(rows), rows[-1].seq if has_older else None, rows[0].seq if has_newer else None)


def _spelled(rows: Sequence[Message]) -> list[bytes]:
    return [codec.encode(shapes.message_of(row)) for row in rows]


class _Place(msgspec.Struct):
    seq: int
