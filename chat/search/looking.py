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
from chat.search.conditions import CLOSE, Condition, every, likely, matching, ways, within


@dataclass(frozen=True)
class Look:
    """What was found among the newest; `end`: how far back it went (None: to the oldest), nothing newer is left out."""

    places: list[Place]
    end: Place | None
    #: For each way by an index, how many messages it would find in all, as far as this look tells.
    expected: Sequence[float]


def prepare(alike: float) -> None:
    """Once in the transaction of a search: how alike words must be, and that it takes one process and the indexes."""
    threshold = f"pg_trgm.{'strict_' if alike == CLOSE else ''}word_similarity_threshold"
    settings = {"max_parallel_workers_per_gather": "0", "enable_seqscan": "off"}
    if alike:
        settings[threshold] = str(alike)
    with connection.cursor() as cursor:
        calls = ", ".join(["set_config(%s, %s, true)"] * len(settings))
        cursor.execute(f"SELECT {calls}", [word for setting in settings.items() for word in setting])


def look(asked: Asked, most: int, *, size: int) -> Look:
    """The newest matches, at most `size`, among the newest messages of all the channels together: about `most`, not many more."""
    end = _end_of_look(asked, most)
    window = every([_READABLE, Condition("channel_id = ANY(%s)", [asked.channels]), within(asked, end)])
    found_by = likely(asked)
    is_match = every([*found_by, matching(asked)])
    marks = "".join(f", {way.sql} AS way{n}" for n, way in enumerate(found_by))
    counts = "".join(f", (SELECT count(*) FROM looked WHERE way{n})" for n in range(len(found_by)))  # noqa: S608
    sql = f"""
        WITH looked AS MATERIALIZED (
            SELECT created_at, id, {is_match.sql} AS is_match{marks}
            FROM (SELECT * FROM messages WHERE {window.sql} OFFSET 0) AS newest
        ), best AS MATERIALIZED (
            SELECT created_at, id FROM looked WHERE is_match ORDER BY created_at DESC, id DESC LIMIT %s
        )
        SELECT ARRAY(SELECT created_at FROM best), ARRAY(SELECT id FROM best),
               (SELECT reltuples FROM pg_class WHERE oid = 'messages'::regclass), (SELECT count(*) FROM looked){counts}
    """  # noqa: S608 (texts of our own; what people said is in the values)
    values = [*is_match.values, *(value for way in found_by for value in way.values), *window.values, size]
    [[moments, ids, total, seen, *counted]] = _rows(sql, values)
    expected = [(count + DOUBT) / max(1, seen) * max(0, total) for count in counted]
    return Look(list(zip(moments, ids, strict=True)), end, expected)


def by_index(asked: Asked, way: int, *, size: int) -> list[Place]:
    """The newest matches of all, at most `size`, by that one of the ways."""
    return _rows(*index_sql(asked, way, size=size))


def index_sql(asked: Asked, way: int, *, size: int) -> tuple[str, list[Any]]:
    found = ways(asked)[way]
    mine = every([_READABLE, Condition("channel_id = ANY(%s)", [asked.channels]), within(asked, None), matching(asked)])
    sql = f"""
        SELECT created_at, id FROM (SELECT * FROM messages WHERE {found.sql} OFFSET 0) AS found WHERE {mine.sql}
        ORDER BY created_at DESC, id DESC LIMIT %s
    """  # noqa: S608 (as above)
    return sql, [*found.values, *mine.values, size]


_READABLE = Condition("kind = 'text' AND deleted_at IS NULL")

#: What is added to a count, so that nothing that was not seen is taken for rare because little was looked at.
DOUBT = 3
#: Of each channel so many of the newest tell how busy it is.
LEAST_A_CHANNEL = 20

_ONE_OF_THE_NEWEST = """
SELECT kept.created_at FROM unnest(%s::bigint[]) AS mine (channel_id), LATERAL (
    SELECT created_at FROM messages WHERE channel_id = mine.channel_id AND {within}
    ORDER BY created_at DESC OFFSET %s LIMIT 1
) AS kept ORDER BY 1 DESC
"""
_END_OF_LOOK = """
SELECT newest.created_at FROM unnest(%s::bigint[]) AS mine (channel_id), LATERAL (
    SELECT created_at FROM messages WHERE channel_id = mine.channel_id AND {within} AND created_at >= %s
    ORDER BY created_at DESC LIMIT %s
) AS newest ORDER BY 1 DESC OFFSET %s LIMIT 1
"""


def _end_of_look(asked: Asked, most: int) -> Place | None:
    """The place of the last of the newest `most`; what else was said in that moment is looked at, too. None: there are fewer."""
    here = within(asked, None)
    each = max(LEAST_A_CHANNEL, most // len(asked.channels))
    kept = [at for (at,) in _rows(_ONE_OF_THE_NEWEST.format(within=here.sql), [asked.channels, *here.values, each - 1])]
    for since in (_at_this_pace(asked, kept, each=each, most=most), _long_enough(kept, each=each, most=most)):
        ends = _rows(_END_OF_LOOK.format(within=here.sql), [asked.channels, *here.values, since, most, most - 1])
        if ends:
            return ends[0][0], 0
    return None


def _at_this_pace(asked: Asked, kept: Sequence[datetime.datetime], *, each: int, most: int) -> datetime.datetime:
    """So far back were `most` said, if each channel was as busy all the time as lately. Looked through from there: few too many."""
    now = min(moment for moment in (clock.now(), asked.before, asked.start and asked.start[0]) if moment is not None)
    pace = sum(each / max(SHORTEST_SECONDS, (now - at).total_seconds()) for at in kept)
    return now - datetime.timedelta(seconds=most / pace) if pace * MOST_SECONDS > most else LONG_AGO


def _long_enough(kept: Sequence[datetime.datetime], *, each: int, most: int) -> datetime.datetime:
    """So far back were `most` said for sure: in so many channels `each` of them."""
    channels = -(-most // each)
    return kept[channels - 1] if len(kept) >= channels else LONG_AGO


LONG_AGO = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)
#: Between messages of one moment; and from a pace no further back than a hundred years.
SHORTEST_SECONDS, MOST_SECONDS = 0.001, 100 * 366 * 86400.0


def _rows(sql: str, values: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()
