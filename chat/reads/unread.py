"""How many messages each member has not read, and how many of these call the member: counted from the cursor whenever it is
asked for, never stored.

Messages by users whom the member has blocked are collapsed, and do not count.

Counted as the log stood at a number (`head`), so that a client that has followed up to there counts the same.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chat import prepared_sql

#: Unread messages are counted up to this: beyond it people only read "many".
MOST_UNREAD = 1000

#: Nobody says anything in the log of a desk, which is the longest of all: it isn't looked through.
SAYS_SOMETHING = "kind <> 'desk'"
#: What was deleted after that number was still there. A reply that is only in its thread is unread there (chat/reads/threads.py).
_COUNTS = (
    "message.kind = 'text' AND (message.thread_id IS NULL OR message.also_in_channel)"
    " AND (message.deleted_at IS NULL OR message.rev > asked.head)"
)


def unread_of(unheard: str) -> str:
    """In a statement over `asked` (channel_id, read, head): the count of each, without those in the SQL array `unheard`."""
    return f"""(
    SELECT count(*) FROM (
        SELECT 1 FROM messages AS message
        WHERE message.channel_id = asked.channel_id AND seq > asked.read AND seq <= asked.head
          AND sender_id <> ALL ({unheard}) AND {_COUNTS}
        LIMIT {MOST_UNREAD}
    ) AS unread
)"""  # noqa: S608 (nothing of anybody is in it)


def mentioned_of(is_heard: str) -> str:
    """In a statement over `asked` (user_id, channel_id, read, head): how many of the unread call the user.

    `is_heard`: a condition on `mention.sender_id`. By a reply that is only in its thread they are called there, not here.
    """
    return f"""(
    SELECT count(*) FROM (
        SELECT 1 FROM message_mentions AS mention
        WHERE mention.user_id = asked.user_id AND mention.channel_id = asked.channel_id
          AND mention.seq > asked.read AND mention.seq <= asked.head AND {is_heard} AND NOT EXISTS (
              SELECT FROM messages WHERE id = mention.message_id AND thread_id IS NOT NULL AND NOT also_in_channel
          )
        LIMIT {MOST_UNREAD}
    ) AS mentioned
)"""  # noqa: S608 (nothing of anybody is in it)


_OF_ONE = f"""
SELECT asked.channel_id, {unread_of("blocked.unheard || asked.user_id")},
    {mentioned_of("mention.sender_id <> ALL (blocked.unheard)")}
FROM (SELECT ARRAY(SELECT blocked_id FROM blocks WHERE blocker_id = %s) AS unheard) AS blocked CROSS JOIN (
    SELECT %s::bigint AS user_id, position.*
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS position (channel_id, read, head)
        JOIN channels ON channels.id = position.channel_id AND {SAYS_SOMETHING}
) AS asked
"""  # noqa: S608

#: Twice as many as are counted: some are the reader's own. The newest first, as the index has them: to sort them would take longer
#: than to read them.
_NEWEST = f"""
SELECT asked.channel_id, newest.seqs, newest.senders
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS asked (channel_id, read, head)
    JOIN channels ON channels.id = asked.channel_id AND {SAYS_SOMETHING}
CROSS JOIN LATERAL (
    SELECT array_agg(seq) AS seqs, array_agg(sender_id) AS senders FROM (
        SELECT seq, sender_id FROM messages AS message
        WHERE message.channel_id = asked.channel_id AND seq > asked.read AND seq <= asked.head AND {_COUNTS}
        ORDER BY seq DESC LIMIT {2 * MOST_UNREAD}
    ) AS found
) AS newest
"""  # noqa: S608


_IS_HEARD = "NOT EXISTS (SELECT FROM blocks WHERE blocker_id = asked.user_id AND blocked_id = mention.sender_id)"
_MENTIONED = f"""
SELECT asked.channel_id, asked.user_id, {mentioned_of(_IS_HEARD)}
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS asked (channel_id, user_id, read, head)
"""  # noqa: S608

_BLOCKED = "SELECT blocker_id, array_agg(blocked_id) FROM blocks WHERE blocker_id = ANY(%s) GROUP BY blocker_id"


@dataclass(frozen=True, slots=True)
class ReadMark:
    """How far somebody has read in a channel that stands at `head`."""

    channel: int
    user: int
    read: int
    head: int


class Count(NamedTuple):
    unread: int
    mentioned: int


NONE = Count(0, 0)


def count_of(user: int, positions: Sequence[ReadMark]) -> dict[int, Count]:
    """By channel, for one person's channels; without those in which there is nothing to be read."""
    if not positions:
        return {}
    columns = [[position.channel for position in positions], [position.read for position in positions]]
    found = prepared_sql.rows(_OF_ONE, [user, user, *columns, [position.head for position in positions]])
    return {channel: Count(unread, mentioned) for channel, unread, mentioned in found}


def count_all(positions: Sequence[ReadMark]) -> dict[tuple[int, int], Count]:
    """By (channel, user), for many people at once: one round trip, each message looked at once.

    People who have read everything need no statement.
    """
    counts = {(position.channel, position.user): NONE for position in positions}
    behind = [position for position in positions if position.read < position.head]
    if behind:
        counts.update(_count_behind(behind))
    return counts


def _count_behind(positions: Sequence[ReadMark]) -> dict[tuple[int, int], Count]:
    lowest: dict[int, ReadMark] = {}
    for position in positions:
        known = lowest.get(position.channel)
        if known is None or position.read < known.read:
            lowest[position.channel] = position
    asked = list(lowest.values())
    newest, called, blocked = prepared_sql.pipeline(
        (_NEWEST, [[p.channel for p in asked], [p.read for p in asked], [p.head for p in asked]]),
        (
            _MENTIONED,
            [list(column) for column in zip(*((p.channel, p.user, p.read, p.head) for p in positions), strict=True)],
        ),
        (_BLOCKED, [[position.user for position in positions]]),
    )
    mentioned = {(channel, user): count for channel, user, count in called}
    log = {channel: _Newest(seqs or (), senders or ()) for channel, seqs, senders in newest}
    blocked_by = dict(blocked)
    return {
        (mark.channel, mark.user): Count(
            log.get(mark.channel, _NOTHING).unread(mark, blocked_by.get(mark.user, ())),
            mentioned[mark.channel, mark.user],
        )
        for mark in positions
    }


class _Newest:
    """A channel's newest messages: numbers in ascending order, all and by sender, so that counting above a cursor is a bisection.

    Takes them as the statement gives them, the newest first.
    """

    def __init__(self, seqs: Sequence[int], senders: Sequence[int]) -> None:
        self._seqs = seqs[::-1]
        self._by: dict[int, list[int]] = defaultdict(list)
        for seq, sender in zip(self._seqs, reversed(senders), strict=True):
            self._by[sender].append(seq)

    def unread(self, mark: ReadMark, blocked: Iterable[int]) -> int:
        unheard = sum(_above(mark.read, self._by[author]) for author in (mark.user, *blocked) if author in self._by)
        return min(MOST_UNREAD, _above(mark.read, self._seqs) - unheard)


_NOTHING = _Newest((), ())


def _above(read: int, seqs: Sequence[int]) -> int:
    return len(seqs) - bisect_right(seqs, read)
