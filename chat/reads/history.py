"""Pages of a channel's messages by their place: newest first, before, after or around a `seq`."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from django.conf import settings

from chat import shapes
from chat.prepared_sql import Condition
from chat.reads.cache import recent
from chat.reads.sent import Place, beside
from chat.shapes.columns import MessageColumns
from delivery.wire import codec, ids


@dataclass(frozen=True, slots=True)
class Page:
    """Messages as they are spelled for clients, newest first, and where the pages beside this one begin (None: none)."""

    raws: Sequence[bytes]
    older_than: int | None = None
    newer_than: int | None = None


def first_seen(channel: int, *, condition: Condition, unread_from: int | None, pointed: int | None = None) -> Page:
    """The newest page; when what is unread begins before it, the page around that place. `pointed`: around this one instead.

    Raises what the condition raises.
    """
    if pointed is not None:
        return page(channel, around=pointed, condition=condition)
    found = page(channel, condition=condition)
    is_enough = unread_from is None or found.older_than is None or found.older_than <= unread_from
    return found if is_enough else page(channel, around=unread_from, condition=condition)


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
    condition: Condition | None = None,
) -> Page:
    """At most `size`, else one page. `around`: about half of it on each side, the message itself included.

    `condition`: the right to read it, if it is not known yet. Raises what that raises.
    """
    size = size or settings.LIMITS.page
    if (before, after, around) == (None, None, None):
        return _newest_from_cache(channel, size, condition) or newest_from_rows(channel, size, condition)
    return _page_of("channel_id", channel, size, before=before, after=after, around=around, condition=condition)


def page_of_thread(
    root: int,
    *,
    size: int,
    condition: Condition,
    before: int | None = None,
    after: int | None = None,
    around: int | None = None,
) -> Page:
    """The same of the replies in a thread."""
    if (before, after, around) == (None, None, None):
        before = ids.MOST
    return _page_of("thread_id", root, size, before=before, after=after, around=around, condition=condition)


def newest_from_rows(channel: int, size: int | None = None, condition: Condition | None = None) -> Page:
    return _page_before("channel_id", channel, size or settings.LIMITS.page, ids.MOST, condition)


def _page_of(
    where: Place,
    pk: int,
    size: int,
    *,
    before: int | None,
    after: int | None,
    around: int | None,
    condition: Condition | None,
) -> Page:
    if around is not None:
        return _page_around(where, pk, size, around, condition)
    if after is not None:
        return _page_after(where, pk, size, after, condition)
    assert before is not None
    return _page_before(where, pk, size, before, condition)


def _page_before(where: Place, pk: int, size: int, seq: int, condition: Condition | None) -> Page:
    older, newer = beside(where, pk, seq, older=size + 1, newer=1, condition=condition)
    return _page(older[:size], has_older=len(older) > size, has_newer=bool(newer))


def _page_after(where: Place, pk: int, size: int, seq: int, condition: Condition | None) -> Page:
    older, newer = beside(where, pk, min(seq + 1, ids.MOST), older=1, newer=size + 1, condition=condition)
    return _page(newer[-size:], has_older=bool(older), has_newer=len(newer) > size)


def _page_around(where: Place, pk: int, size: int, seq: int, condition: Condition | None) -> Page:
    half = size // 2
    older, newer = beside(where, pk, seq, older=half + 1, newer=size - half + 1, condition=condition)
    room = size - min(len(older), half)
    if room > size - half and len(newer) > size - half:
        # Near the beginning there is room for more of them.
        _, newer = beside(where, pk, seq, newer=room + 1)
    return _page(newer[-room:] + older[:half], has_older=len(older) > half, has_newer=len(newer) > room)


def _newest_from_cache(channel: int, size: int, condition: Condition | None) -> Page | None:
    found = recent.newest(channel, size, condition=condition)
    if found is None:
        return None
    raws, has_older = found
    return Page(raws, msgspec.json.decode(raws[-1], type=_Place).seq if has_older else None)


def _page(rows: Sequence[MessageColumns], *, has_older: bool, has_newer: bool) -> Page:
    if not rows:
        return Page([])
    return Page(_spelled(rows), rows[-1].seq if has_older else None, rows[0].seq if has_newer else None)


def _spelled(rows: Sequence[MessageColumns]) -> list[bytes]:
    return [codec.encode(shapes.message_of(row)) for row in rows]


class _Place(msgspec.Struct):
    seq: int
