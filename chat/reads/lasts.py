"""The newest line of each channel, as a list of channels shows it under the name."""

import functools
from collections.abc import Sequence

from chat import prepared_sql, shapes
from chat.markdown import plain
from chat.models import Channel, ChannelKind
from delivery.wire.frames import Person
from delivery.wire.types import spell_time

#: Further back is not looked: after so many joinings and deletions a line is no longer news.
DEPTH = 200
LETTERS = 120

_LASTS = f"""
SELECT asked.channel_id, last.seq, person.id, person.username, person.display_name, left(last.words, {4 * LETTERS}), last.created_at
FROM unnest(%s::bigint[], %s::bigint[]) AS asked (channel_id, head)
CROSS JOIN LATERAL (
    SELECT seq, sender_id, created_at, COALESCE(NULLIF(body, ''), (
        SELECT string_agg(file ->> 'name', ', ') FROM jsonb_array_elements(files) AS file
    ), '') AS words FROM messages
    WHERE channel_id = asked.channel_id AND seq > asked.head - {DEPTH} AND kind = 'text' AND deleted_at IS NULL
        AND (thread_id IS NULL OR also_in_channel) AND sender_id <> ALL (%s::bigint[])
    ORDER BY seq DESC LIMIT 1
) AS last JOIN users AS person ON person.id = last.sender_id
"""  # noqa: S608 (nothing of anybody is in it)


@functools.lru_cache(maxsize=4096)
def _line(text: str) -> str:
    return plain(text)[:LETTERS]


def lasts_of(channels: Sequence[Channel], *, unheard: Sequence[int]) -> dict[int, shapes.Last]:
    """channel → its newest line that is not of anybody in `unheard`; none for what the desk shows, and where there is none."""
    asked = [row for row in channels if not row.is_support and row.kind not in (ChannelKind.INNER, ChannelKind.DESK)]
    if not asked:
        return {}
    rows = prepared_sql.rows(_LASTS, [[row.pk for row in asked], [row.head for row in asked], list(unheard)])
    return {
        channel: shapes.Last(
            seq=seq,
            sender=Person(id=user, username=username, display_name=display_name or username),
            text=_line(text),
            at=spell_time(at),
        )
        for channel, seq, user, username, display_name, text, at in rows
    }
