"""The messages that match a query, newest first, in the channels whose history the caller may read.

Every page costs a bounded amount of work, also among millions of messages. First the newest messages are looked through, so
that a common word is found at once; they also tell how many the index would find, and if these are few, it is asked, first for
as many of the newest as promise a page. What no index finds sooner is looked for further back page by page: such a page may be
short while there is a next one.
"""

import datetime
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import transaction

from chat import prepared_sql
from chat.models import User
from chat.reads.sent import messages_by_id
from chat.search.asked import Asked, Place, resolve
from chat.search.conditions import ALIKE, CLOSE
from chat.search.looking import BEFORE_ALL, WIDER, Ends, Look, by_index, look, prepare
from chat.search.query import parse_query
from chat.shapes.columns import MessageColumns
from delivery.wire.errors import Invalid

#: How many of the newest messages are looked through, over all channels: first, and where that was not enough (or who came and went
#: was most of it).
LOOKS = (2_000, 20_000)
#: The same for words like others, which take longer to see.
LOOKS_FOR_TYPOS = (2_000, 8_000)
#: Between the two it goes as far as so many matches or more promise a whole page: that costs less than an index that finds each of
#: several common words often.
LEAST_PROMISE = 2
#: Where the index may be asked, only this far: beyond, it costs less, and does not only promise.
NEAR = 8_000
#: Where fewer than this share could be read (who came and went was the rest), nothing is known yet: it goes so many times further.
LEAST_SEEN, FURTHER_BACK = 0.25, 4
#: How many messages an index may find, so that it is asked: each is read, and with typos compared letter by letter.
MOST_BY_INDEX, MOST_BY_INDEX_FOR_TYPOS = 25_000, 5_000
#: An index is first asked for the newest messages only, for at most so many of them: passing over the others costs 0.06 µs for each
#: of the newest, and reading a message from anywhere 4 to 12 µs.
MOST_NEWEST = 150_000
#: So many more are asked for than would hold a page if all went on like those that were seen, of which few match.
MORE = 2.0
#: An index that finds more than MOST_BY_INDEX, and no more than this, is asked for the newest only, for at most so many that it
#: finds. Passing over an entry costs 0.1 µs.
MOST_ENTRIES, MOST_OF_MANY = 100_000, 1_000

_MINE = "SELECT channel_id FROM channel_members WHERE user_id = %s AND channel_id = ANY(%s)"
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)
#: What a cursor begins with, by how alike words must be.
_MARKS = {"": 0, "~": ALIKE, "~~": CLOSE}
#: The place before the newest of all messages.
_AFTER_ALL = (datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC), 0)
_CURSOR = re.compile(r"(~{0,2})(-?\d{1,18})\.(\d{1,18})\Z", re.ASCII)


@dataclass(frozen=True)
class Found:
    """One page. `is_approximate`: some of these, the last ones, have not the words themselves, but words like them."""

    messages: list[MessageColumns]
    next_cursor: str | None
    is_approximate: bool


def search(user: User, text: str, *, cursor: str | None = None) -> Found:
    """At most one page of what the user may see. Raises Invalid for what can't be understood, and for unknown names."""
    asked = resolve(user, parse_query(text))
    if cursor is not None:
        asked = _continued(asked, cursor)
    if not asked.channels:
        return Found([], None, False)
    size = settings.LIMITS.page
    ends = Ends(asked)
    with transaction.atomic():
        found = _page(asked, ends, size)
        if found.next_cursor is not None or asked.alike or not asked.typos:
            return found
        room = size - len(found.messages)
        # What was found on earlier pages counts too.
        like = replace(asked, alike=CLOSE if found.messages or asked.start else ALIKE, start=None)
        close = (
            _page(like, ends if asked.start is None else Ends(like), room, is_brief=bool(found.messages))
            if room
            else Found([], _spell(like, _AFTER_ALL), False)
        )
        return replace(close, messages=found.messages + close.messages, is_approximate=bool(close.messages))


def _continued(asked: Asked, cursor: str) -> Asked:
    parts = _CURSOR.match(cursor)
    if parts is None:
        raise Invalid("This cursor is none of ours: take it from next.")
    try:
        created_at = _EPOCH + int(parts[2]) * _MICROSECOND
    except OverflowError:
        raise Invalid("This cursor is none of ours: take it from next.") from None
    return replace(asked, start=(created_at, int(parts[3])), alike=_MARKS[parts[1]])


def _page(asked: Asked, ends: Ends, size: int, *, is_brief: bool = False) -> Found:
    """`is_brief`: only among the newest, and by an index; the next page looks further."""
    prepare(asked.alike)
    places, end = _places(asked, ends, size + 1, is_brief=is_brief)
    following = places[size - 1] if len(places) > size else end
    return Found(
        messages=_messages(asked.user, places[:size]),
        next_cursor=_spell(asked, following) if following is not None else None,
        is_approximate=asked.alike > 0,
    )


def _places(asked: Asked, ends: Ends, size: int, *, is_brief: bool) -> tuple[list[Place], Place | None]:
    """The newest matches, at most `size`, and up to where these are all; None: these are all that there are."""
    looks = LOOKS_FOR_TYPOS if asked.alike else LOOKS
    most, last = _first_look(asked, ends, looks, is_brief=is_brief), looks[-1]
    seen = look(asked, ends.of(most), size=size)
    while seen.end is not None and len(seen.places) < size:
        further = _promised(seen, most, size)
        if further > NEAR and (by := _index_for(asked, seen, size)):
            return _by_index(asked, by, seen, ends, size=size)
        if most == last or is_brief:
            break
        most = int(min(further, last))
        rest = look(replace(asked, start=seen.end), ends.of(most), size=size - len(seen.places))
        seen = seen.followed_by(rest)
    return seen.places, seen.end


@dataclass(frozen=True)
class _Index:
    """An index that is asked: for one of the ways, first among so many of the newest messages (None: among all)."""

    way: int
    newest: float | None
    #: Whether it is asked for the others too, if a page is not among the newest.
    may_read_all: bool


def _index_for(asked: Asked, seen: Look, size: int) -> _Index | None:
    if not seen.expected or not seen.seen:
        return None
    expected = min(seen.expected)
    way = seen.expected.index(expected)
    if asked.alike:
        return _Index(way, None, may_read_all=True) if expected <= MOST_BY_INDEX_FOR_TYPOS else None
    newest = _likely_enough(asked, seen, size, found_by_index=seen.counted[way])
    if expected <= MOST_BY_INDEX:
        return _Index(way, newest if newest < asked.said / 2 else None, may_read_all=True)
    if expected <= MOST_ENTRIES:
        return _Index(way, min(newest, MOST_OF_MANY * seen.seen / max(1, seen.counted[way])), may_read_all=False)
    return None


def _likely_enough(asked: Asked, seen: Look, size: int, *, found_by_index: int) -> float:
    """How many of the newest messages are likely to hold a page. `found_by_index`: how many of those seen the index would find."""
    if len(seen.places) >= LEAST_PROMISE:
        return min(MOST_NEWEST, seen.seen * MORE * size / len(seen.places))
    # Nothing tells how rare common words are together, or in one order. What is rare by itself is soon read, wherever it is.
    return MOST_NEWEST if found_by_index or asked.pieces else math.inf


def _by_index(asked: Asked, by: _Index, seen: Look, ends: Ends, *, size: int) -> tuple[list[Place], Place | None]:
    if not by.may_read_all:
        assert by.newest is not None
        # Counted: where less was said lately than before, so far back by time there could be very many.
        begin = ends.of(int(by.newest))
        return by_index(asked, by.way, begin or BEFORE_ALL, size=size), begin
    if by.newest is None or seen.end is None:
        return by_index(asked, by.way, size=size), None
    begin = ends.further(seen.end, by.newest / seen.seen)
    newest = by_index(asked, by.way, begin, size=size)
    if len(newest) >= size:
        return newest, begin
    return newest + by_index(replace(asked, start=begin), by.way, size=size - len(newest)), None


def _first_look(asked: Asked, ends: Ends, looks: Sequence[int], *, is_brief: bool) -> int:
    # A user of only small channels searches all of them: an index would also find messages of all other channels.
    if asked.said <= looks[-1]:
        return looks[-1]
    # As far as the words themselves were looked for, where that was further.
    return looks[0] if is_brief else max(looks[0], ends.longest(looks[-1]))


def _promised(seen: Look, most: int, size: int) -> float:
    """How many to look through for a whole page, if those further back are like those that were seen."""
    if seen.seen < most * LEAST_SEEN:
        return most * FURTHER_BACK
    if len(seen.places) < LEAST_PROMISE:
        return math.inf
    # Without those of the system, of which there may be many together.
    return most + int(seen.seen * (WIDER * size / len(seen.places) - 1))


def _spell(asked: Asked, place: Place) -> str:
    created_at, pk = place
    mark = next(mark for mark, alike in _MARKS.items() if alike == asked.alike)
    return f"{mark}{(created_at - _EPOCH) // _MICROSECOND}.{pk}"


def _messages(user: int, places: Sequence[Place]) -> list[MessageColumns]:
    # What was deleted or pruned since it was found is not there any more, and nothing of a channel that the user has left since.
    rows = messages_by_id([pk for _, pk in places])
    mine = {channel for (channel,) in prepared_sql.rows(_MINE, [user, [row.channel_id for row in rows.values()]])}
    found = (rows[pk] for _, pk in places if pk in rows)
    return [row for row in found if row.deleted_at is None and row.channel_id in mine]
