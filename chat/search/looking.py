"""The two ways to a message: looking through the newest ones, and the indexes. Each costs what the caller says at most.

Subqueries with OFFSET 0 are planned by themselves: what is looked through is not searched by an index, and the other way round.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from chat import clock
from chat.search.asked import Asked, Place
from chat.search.conditions import CLOSE, WORDS_THAT_NAME, Condition, every, likely, matching, pattern, ways, within


@dataclass(frozen=True)
class Look:
    """What was found among the newest; `end`: how far back it went (None: to the oldest), nothing newer is left out."""

    places: list[Place]
    end: Place | None
    #: How many were looked through, and how many of these each way by an index would find.
    seen: int
    counted: Sequence[int]
    #: All messages that there are.
    total: float

    @property
    def expected(self) -> list[float]:
        """For each way by an index, how many messages it would find in all, as far as this tells."""
        return [(count + DOUBT) / max(1, self.seen) * max(0, self.total) for count in self.counted]

    def followed_by(self, further: "Look") -> "Look":
        """Both, of which the other began where this one ended."""
        counted = [sum(both) for both in zip(self.counted, further.counted, strict=True)]
        return Look(self.places + further.places, further.end, self.seen + further.seen, counted, further.total)


def prepare(alike: float) -> None:
    """Once in the transaction of a search: how alike words must be, and that it takes one process and the indexes."""
    threshold = f"pg_trgm.{'strict_' if alike == CLOSE else ''}word_similarity_threshold"
    settings = {"max_parallel_workers_per_gather": "0", "enable_seqscan": "off"}
    if alike:
        settings[threshold] = str(alike)
    with connection.cursor() as cursor:
        calls = ", ".join(["set_config(%s, %s, true)"] * len(settings))
        cursor.execute(f"SELECT {calls}", [word for setting in settings.items() for word in setting])


def look(asked: Asked, end: Place | None, *, size: int) -> Look:
    """The newest matches, at most `size`, among the newest messages of all the channels together, down to `end` (see Ends).

    They are those that come after `asked.start`.
    """
    window = every([_READABLE, _in_channels(asked), within(asked, end)])
    found_by, is_match = likely(asked), matching(asked)
    ways = [f"way{n}" for n in range(len(found_by))]
    marks = "".join(f", {way.sql} AS {name}" for name, way in zip(ways, found_by, strict=True))
    counts = "".join(f", (SELECT count(*) FROM looked WHERE {name})" for name in ways)  # noqa: S608
    # Of what no index would find, nothing more is asked: that costs most.
    at_once, later = (Condition("true"), is_match) if asked.alike else (is_match, None)
    sql = f"""
        WITH looked AS MATERIALIZED (
            SELECT created_at, id, {" AND ".join([*ways, at_once.sql])} AS is_match{"".join(f", {name}" for name in ways)}
            FROM (SELECT *{marks} FROM (SELECT * FROM messages WHERE {window.sql} OFFSET 0) AS newest OFFSET 0) AS marked
        ), best AS MATERIALIZED (
            SELECT created_at, id FROM {"looked" if later is None else _asked_later(later.sql)}
            WHERE is_match ORDER BY created_at DESC, id DESC LIMIT %s
        )
        SELECT ARRAY(SELECT created_at FROM best), ARRAY(SELECT id FROM best),
               (SELECT reltuples FROM pg_class WHERE oid = 'messages'::regclass), (SELECT count(*) FROM looked){counts}
    """  # noqa: S608 (texts of our own; what people said is in the values)
    values = [*at_once.values, *(value for way in found_by for value in way.values), *window.values]
    values += [*(later.values if later else ()), size]
    [[moments, ids, total, seen, *counted]] = _rows(sql, values)
    return Look(list(zip(moments, ids, strict=True)), end, seen, counted, total)


def _asked_later(sql: str) -> str:
    # How alike words are costs most: newest first, until there are enough.
    return f"""
        (SELECT created_at, id, is_match FROM looked WHERE is_match ORDER BY created_at DESC, id DESC OFFSET 0) AS likely,
        LATERAL (SELECT FROM messages WHERE id = likely.id AND {sql} OFFSET 0) AS found
    """  # noqa: S608 (as above)


def by_index(asked: Asked, way: int, end: Place | None = None, *, size: int) -> list[Place]:
    """The newest matches of all, at most `size`, by that one of the ways. `end`: only down to this place."""
    return _rows(*index_sql(asked, way, end, size=size))


def index_sql(asked: Asked, way: int, end: Place | None = None, *, size: int) -> tuple[str, list[Any]]:
    named = [word for (word,) in _rows(WORDS_THAT_NAME, [asked.indexed, list(map(pattern, asked.indexed))])]
    found = ways(asked, named, asked.pieces)[way]
    if end is not None:
        # PostgreSQL passes over all others by the index of the channels' messages, before it reads any.
        found = every([found, _in_channels(asked), within(asked, end)])
    mine = every([_READABLE, _in_channels(asked), within(asked, None), matching(asked)])
    sql = f"""
        SELECT created_at, id FROM (SELECT * FROM messages WHERE {found.sql} OFFSET 0) AS found WHERE {mine.sql}
        ORDER BY created_at DESC, id DESC LIMIT %s
    """  # noqa: S608 (as above)
    return sql, [*found.values, *mine.values, size]


_READABLE = Condition("kind = 'text' AND deleted_at IS NULL")

#: What is added to a count, so that nothing that was not seen is taken for rare because little was looked at.
DOUBT = 3
#: Of each channel so many of the newest, or its part of the look, tell how busy it is.
LEAST_A_CHANNEL = 20
#: A look begins so much further back than it would reach at the pace of late, so that few too many are read and seldom too few.
WIDER = 1.5
#: Where that was too few (lately more was said than before), how many times further it begins at least; then what is sure to be
#: enough is read.
FURTHER = (2.0, 16.0, 16.0, 16.0)

_KEPT = """
FROM unnest(%s::bigint[]) AS mine (channel_id), LATERAL (
    SELECT created_at FROM messages WHERE channel_id = mine.channel_id AND {within}
    ORDER BY created_at DESC OFFSET %s LIMIT 1
) AS kept
"""
_PACE = f"SELECT sum(%s / greatest(%s, extract(epoch FROM %s - kept.created_at)::float8)) {_KEPT}"  # noqa: S608 (texts of our own)
_LONG_ENOUGH = f"SELECT kept.created_at {_KEPT} ORDER BY 1 DESC OFFSET %s LIMIT 1"
# As an array: in half the time of a sorted list that is counted, too.
_END_OF_LOOK = """
SELECT (array_agg(newest.created_at ORDER BY newest.created_at DESC))[%s], count(*)
FROM unnest(%s::bigint[]) AS mine (channel_id), LATERAL (
    SELECT created_at FROM messages WHERE channel_id = mine.channel_id AND {within} AND created_at >= %s
    ORDER BY created_at DESC LIMIT %s
) AS newest
"""


class Ends:
    """How far back looks go: the place of the last of so many newest messages. How busy the channels are is asked once."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._here = within(asked, None)
        self._now = min(
            moment for moment in (clock.now(), asked.before, asked.start and asked.start[0]) if moment is not None
        )
        self._known: dict[int, Place | None] = {}

    def of(self, most: int) -> Place | None:
        """What else was said in that moment is looked at, too. None: there are fewer."""
        if most not in self._known:
            self._known[most] = self._find(most) if self._asked.said > most else None
        return self._known[most]

    def longest(self, most: int) -> int:
        """Of those that were asked for, up to this one; 0: none."""
        return max((known for known in self._known if known <= most), default=0)

    def further(self, end: Place, times: float) -> Place:
        """So many times as far back as this place, by time."""
        return self._ago((self._now - end[0]).total_seconds() * times), 0

    def _find(self, most: int) -> Place | None:
        each = max(LEAST_A_CHANNEL, most // len(self._asked.channels))
        seconds = WIDER * most / max(self._pace_since(most) or self._ask_pace(each), WIDER * most / MOST_SECONDS)
        for times in FURTHER:
            end, found = self._ask_end(most, since=self._ago(seconds))
            if end is not None:
                return end, 0
            seconds = min(MOST_SECONDS, seconds * max(times, WIDER * most / max(found, most / FURTHER[-1])))
        # So many were said for sure: in so many channels `each` of them.
        enough = _rows(*self._kept(_LONG_ENOUGH, [], each=each, more=[-(-most // each) - 1]))
        end, _ = self._ask_end(most, since=enough[0][0] if enough else LONG_AGO)
        return None if end is None else (end, 0)

    def _ago(self, seconds: float) -> datetime.datetime:
        return self._now - datetime.timedelta(seconds=min(seconds, (self._now - LONG_AGO).total_seconds()))

    def _ask_end(self, most: int, *, since: datetime.datetime) -> tuple[datetime.datetime | None, int]:
        values = [most, self._asked.array, *self._here.values, since, most]
        [[end, found]] = _rows(_END_OF_LOOK.format(within=self._here.sql), values)
        return end, found

    def _pace_since(self, most: int) -> float | None:
        # As far as a shorter look has gone back.
        known = [(shorter, place[0]) for shorter, place in self._known.items() if place is not None and shorter < most]
        if not known:
            return None
        shorter, end = max(known)
        return shorter / max(SHORTEST_SECONDS, (self._now - end).total_seconds())

    def _ask_pace(self, each: int) -> float:
        [[pace]] = _rows(*self._kept(_PACE, [each, SHORTEST_SECONDS, self._now], each=each))
        return pace or 0.0

    def _kept(self, sql: str, before: Sequence[Any], *, each: int, more: Sequence[Any] = ()) -> tuple[str, list[Any]]:
        values = [*before, self._asked.array, *self._here.values, each - 1, *more]
        return sql.format(within=self._here.sql), values


LONG_AGO = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)
#: The place before the oldest of all messages.
BEFORE_ALL = (LONG_AGO, 0)
#: Between messages of one moment; and from a pace no further back than a hundred years.
SHORTEST_SECONDS, MOST_SECONDS = 0.001, 100 * 366 * 86400.0


def _in_channels(asked: Asked) -> Condition:
    return Condition("channel_id = ANY(%s::bigint[])", [asked.array])


def _rows(sql: str, values: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()
