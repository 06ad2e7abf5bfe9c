"""How many messages each member has not read: counted from the cursor whenever it is asked for, never stored.

What those have written whom the member has blocked is folded, and does not count.

Counted as the log stood at a number (`head`), so that a client that has followed up to there counts the same.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chat.services import hot

#: Unread messages are counted up to this: beyond it people only read "many".
MOST_UNREAD = 1000

#: What was deleted after that number was still there.
_COUNTS = "message.kind = 'text' AND (message.deleted_at IS NULL OR message.rev > asked.head)"


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


_OF_ONE = f"""
SELECT asked.channel_id, {unread_of("%s::bigint[]")}
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS asked (channel_id, read, head)
"""  # noqa: S608

#: Twice as many as are counted: some are the reader's own.
_NEWEST = f"""
SELECT asked.channel_id, newest.seqs, newest.senders
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS asked (channel_id, read, head)
CROSS JOIN LATERAL (
    SELECT array_agg(seq ORDER BY seq) AS seqs, array_agg(sender_id ORDER BY seq) AS senders FROM (
        SELECT seq, sender_id FROM messages AS message
        WHERE message.channel_id = asked.channel_id AND seq > asked.read AND seq <= asked.head AND {_COUNTS}
        ORDER BY seq DESC LIMIT {2 * MOST_UNREAD}
    ) AS found
) AS newest
"""  # noqa: S608


_BLOCKED = "SELECT blocker_id, array_agg(blocked_id) FROM blocks WHERE blocker_id = ANY(%s) GROUP BY blocker_id"


@dataclass(frozen=True, slots=True)
class ReadMark:
    """How far somebody has read in a channel that stands at `head`."""

    channel: int
    user: int
    read: int
    head: int


def count_of(user: int, positions: Sequence[ReadMark]) -> dict[int, int]:
    """channel → unread messages, for one person's channels."""
    if not positions:
        return {}
    columns = [[position.channel for position in positions], [position.read for position in positions]]
    unheard = [user, *_blocked_by([user]).get(user, ())]
    return dict(hot.rows(_OF_ONE, [unheard, *columns, [position.head for position in positions]]))


def count_all(positions: Sequence[ReadMark]) -> dict[tuple[int, int], int]:
    """(channel, user) → unread messages, for many people at once: one statement, each message looked at once."""
    lowest: dict[int, ReadMark] = {}
    for position in positions:
        known = lowest.get(position.channel)
        if known is None or position.read < known.read:
            lowest[position.channel] = position
    asked = list(lowest.values())
    columns = [[p.channel for p in asked], [p.read for p in asked], [p.head for p in asked]]
    newest = {channel: (seqs or [], senders or []) for channel, seqs, senders in hot.rows(_NEWEST, columns)}
    blocked = _blocked_by([position.user for position in positions])
    counts: dict[tuple[int, int], int] = {}
    for position in positions:
        seqs, senders = newest[position.channel]
        start = bisect_right(seqs, position.read)
        unheard = 0
        if start < len(seqs):
            said = Counter(senders[start:])
            unheard = sum(said[author] for author in (position.user, *blocked.get(position.user, ())))
        counts[position.channel, position.user] = min(MOST_UNREAD, len(seqs) - start - unheard)
    return counts


def _blocked_by(users: Sequence[int]) -> dict[int, list[int]]:
    return dict(hot.rows(_BLOCKED, [users]))
