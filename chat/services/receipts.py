"""Delivered and read: two cursors a member, forward only; a message's own status follows once every other member has passed it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import DatabaseError, connection, transaction

from chat.models import Member, MessageStatus, SettledUpTo, User
from delivery import node, protocol
from delivery.announcements import Passing
from delivery.errors import NotAMember

logger = logging.getLogger("gapless.receipts")

_MOVE = """
UPDATE channel_members AS member
SET delivered_seq = GREATEST(member.delivered_seq, LEAST(moved.delivered, channel.head)),
    read_seq = GREATEST(member.read_seq, LEAST(moved.read, channel.head))
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS moved (channel_id, user_id, delivered, read)
    JOIN channels AS channel ON channel.id = moved.channel_id
WHERE member.channel_id = moved.channel_id AND member.user_id = moved.user_id
  AND (member.delivered_seq < LEAST(moved.delivered, channel.head) OR member.read_seq < LEAST(moved.read, channel.head))
RETURNING member.channel_id, member.user_id, member.delivered_seq, member.read_seq, channel.head
"""

#: The two lowest cursors of a channel: a message waits for the lowest, or for the second if the lowest is its sender's.
_LOWEST = """
SELECT user_id, {column} FROM channel_members WHERE channel_id = %s ORDER BY {column}, user_id LIMIT 2
"""

_SETTLE = """
UPDATE messages SET status = %s, {time} = clock_timestamp()
WHERE channel_id = %s AND {time} IS NULL AND seq > %s AND seq <= %s AND seq <= CASE WHEN sender_id = %s THEN %s ELSE %s END
"""

#: Messages that one transaction settles: whoever returns after long passes many at once.
SETTLED_AT_ONCE = 1000
#: Transactions that one flush spends on one channel; the next flush goes on.
SETTLINGS_A_FLUSH = 20

#: First key of the advisory locks that let only one transaction at a time settle a channel ("rcpt" in ASCII).
SETTLING = 0x72637074

#: (delivered, read) of a channel's slowest member.
Lowest = tuple[int, int]

_LOCK_MEMBERS = """
SELECT 1 FROM channel_members JOIN unnest(%s::bigint[], %s::bigint[]) AS moved (channel_id, user_id)
USING (channel_id, user_id) ORDER BY channel_id, user_id FOR NO KEY UPDATE OF channel_members
"""


@dataclass
class _Moved:
    """Who moved in a channel, and its head as it was then."""

    head: int
    members: dict[int, tuple[int, int]] = field(default_factory=dict)


def move_cursors(cursors: Mapping[tuple[int, int], tuple[int, int]]) -> None:
    """(channel, user) → (delivered, read), all in one transaction; what is read is delivered. Never backward, never above head.

    Then settles each channel by itself, and rings `receipts` for what moved. Users who are no members are passed over.
    """
    # In one order, so that two processes that flush at once can't lock each other out.
    ordered = sorted(cursors.items())
    columns = [
        [channel for (channel, _), _ in ordered],
        [user for (_, user), _ in ordered],
        [max(delivered, read) for _, (delivered, read) in ordered],
        [read for _, (_, read) in ordered],
    ]
    moved: dict[int, _Moved] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK_MEMBERS, columns[:2])
        cursor.execute(_MOVE, columns)
        for channel, user, delivered, read, head in cursor.fetchall():
            moved.setdefault(channel, _Moved(head)).members[user] = (delivered, read)
    for channel, those in moved.items():
        try:
            lowest = settle_receipts(channel)
        except DatabaseError:
            # The cursors stand; the next flush settles from where this one got to.
            logger.warning("channel %d was not settled", channel, exc_info=True)
            continue
        node.ring([_receipts(channel, lowest, those)])


def read_channel(user: User, *, channel: int, seq: int) -> Member:
    """Everything up to `seq` was seen by the user. Forward only. Raises NotAMember."""
    move_cursors({(channel, user.pk): (seq, seq)})
    member = Member.objects.filter(channel=channel, user=user).first()
    if member is None:
        raise NotAMember
    return member


def settle_receipts(channel: int) -> Lowest:
    """Fills status and times of what every other member has passed; returns (delivered, read) of the slowest member.

    In transactions of their own, bounded in rows, one process at a time; what is left is for the next flush.
    """
    delivered = _settle(channel, "delivered_seq", "delivered_at", MessageStatus.DELIVERED, "delivered_settled")
    read = _settle(channel, "read_seq", "read_at", MessageStatus.READ, "read_settled")
    return delivered, read


def _settle(channel: int, column: str, time: str, status: str, floor_column: str) -> int:
    lowest = 0
    for _ in range(SETTLINGS_A_FLUSH):
        lowest, is_done = _settle_some(channel, column, time, status, floor_column)
        if is_done:
            break
    return lowest


def _settle_some(channel: int, column: str, time: str, status: str, floor_column: str) -> tuple[int, bool]:
    with transaction.atomic(), connection.cursor() as cursor:
        # Held to the end of the transaction; posting, which holds the channel's row, goes on.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SETTLING, channel % 2**31])
        cursor.execute(_LOWEST.format(column=column), [channel])
        lowest = cursor.fetchall()
        if len(lowest) < 2:
            # Nobody else is there to have got anything.
            return (int(lowest[0][1]) if lowest else 0), True
        (slowest, first), (_, second) = lowest
        settled, _ = SettledUpTo.objects.get_or_create(channel_id=channel)
        floor: int = getattr(settled, floor_column)
        if second <= floor:
            return int(first), True
        most = floor + SETTLED_AT_ONCE
        cursor.execute(_SETTLE.format(time=time), [status, channel, floor, most, slowest, second, first])
        # Up to the floor all is settled; above it only what the slowest member wrote may be.
        SettledUpTo.objects.filter(pk=settled.pk).update(**{floor_column: max(floor, min(first, most))})
        return int(first), most >= second or first <= floor


def _receipts(channel: int, lowest: Lowest, moved: _Moved) -> Passing:
    delivered, read = lowest
    frame = protocol.Receipts(channel=channel, delivered=delivered, read=read, members=moved.members)
    return Passing(stream=channel, head=moved.head, raw=protocol.encode(frame))
