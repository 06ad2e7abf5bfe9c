"""Delivered and read: two cursors a member, forward only; a message's own status follows once every other member has passed it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec
from django.db import connection, transaction

from chat.models import Member, MessageStatus, User
from delivery import node, protocol
from delivery.announcements import Passing
from delivery.errors import NotAMember

_MOVE = """
UPDATE channel_members AS member
SET delivered_seq = GREATEST(member.delivered_seq, LEAST(moved.delivered, channel.head)),
    read_seq = GREATEST(member.read_seq, LEAST(moved.read, channel.head))
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS moved (channel_id, user_id, delivered, read)
    JOIN channels AS channel ON channel.id = moved.channel_id
WHERE member.channel_id = moved.channel_id AND member.user_id = moved.user_id
  AND (member.delivered_seq < LEAST(moved.delivered, channel.head) OR member.read_seq < LEAST(moved.read, channel.head))
RETURNING member.channel_id, member.user_id, member.delivered_seq, member.read_seq
"""

#: The two lowest cursors of a channel: a message waits for the lowest, or for the second if the lowest is its sender's.
_LOWEST = """
SELECT user_id, {column} FROM channel_members WHERE channel_id = %s ORDER BY {column}, user_id LIMIT 2
"""

_SETTLE = """
UPDATE messages SET status = %s, {time} = clock_timestamp()
WHERE channel_id = %s AND {time} IS NULL AND seq > %s AND seq <= CASE WHEN sender_id = %s THEN %s ELSE %s END
"""

_FLOORS = """
SELECT channel_id, min(delivered_seq), min(read_seq) FROM channel_members WHERE channel_id = ANY(%s) GROUP BY channel_id
"""

#: First key of the advisory locks that let only one transaction at a time settle a channel ("rcpt" in ASCII).
SETTLING = 0x72637074

#: (delivered, read) of a channel's slowest member.
Lowest = tuple[int, int]


def move_cursors(cursors: Mapping[tuple[int, int], tuple[int, int]]) -> None:
    """(channel, user) → (delivered, read), all in one transaction; what is read is delivered. Never backward, never above head.

    Rings `receipts` for what moved. Users who are no members are passed over.
    """
    ordered = list(cursors.items())
    columns = [
        [channel for (channel, _), _ in ordered],
        [user for (_, user), _ in ordered],
        [max(delivered, read) for _, (delivered, read) in ordered],
        [read for _, (_, read) in ordered],
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        floors = begin_settling(channel for channel, _ in cursors)
        cursor.execute(_MOVE, columns)
        moved: dict[int, dict[int, tuple[int, int]]] = defaultdict(dict)
        for channel, user, delivered, read in cursor.fetchall():
            moved[channel][user] = (delivered, read)
        passings = [_receipts(channel, settle_receipts(channel, floors), members) for channel, members in moved.items()]
        transaction.on_commit(lambda: node.ring(passings))


def read_channel(user: User, *, channel: int, seq: int) -> Member:
    """Everything up to `seq` was seen by the user. Forward only. Raises NotAMember."""
    move_cursors({(channel, user.pk): (seq, seq)})
    member = Member.objects.filter(channel=channel, user=user).first()
    if member is None:
        raise NotAMember
    return member


def begin_settling(channels: Iterable[int]) -> dict[int, Lowest]:
    """Within a transaction: nobody else moves cursors of these channels until its end. Returns the lowest as they are.

    An advisory lock, so that posting, which holds the channel's row, goes on. Taken in the order of the ids.
    """
    ids = sorted(set(channels))
    with connection.cursor() as cursor:
        for channel in ids:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SETTLING, channel % 2**31])
        cursor.execute(_FLOORS, [ids])
        return {channel: (delivered, read) for channel, delivered, read in cursor.fetchall()}


def settle_receipts(channel: int, floors: Mapping[int, Lowest]) -> Lowest:
    """Fills status and times of what every other member has passed since the floors; returns the lowest as they are now."""
    delivered_floor, read_floor = floors.get(channel, (0, 0))
    delivered = _settle(channel, "delivered_seq", "delivered_at", MessageStatus.DELIVERED, delivered_floor)
    read = _settle(channel, "read_seq", "read_at", MessageStatus.READ, read_floor)
    return delivered, read


def _settle(channel: int, column: str, time: str, status: str, floor: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LOWEST.format(column=column), [channel])
        lowest = cursor.fetchall()
        if len(lowest) < 2:
            return int(lowest[0][1]) if lowest else 0
        (slowest, first), (_, second) = lowest
        if second > floor:
            cursor.execute(_SETTLE.format(time=time), [status, channel, floor, slowest, second, first])
    return int(first)


def _receipts(channel: int, lowest: tuple[int, int], members: dict[int, tuple[int, int]]) -> Passing:
    delivered, read = lowest
    frame = protocol.Receipts(channel=channel, delivered=delivered, read=read, members=members)
    return Passing(stream=channel, raw=msgspec.json.encode(frame))
