"""Delivered and read: two cursors a member, forward only; a message's own status follows once every other member has passed it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import DatabaseError, transaction

from chat.models import Member, MessageStatus, User
from chat.services import hot
from delivery import node, protocol
from delivery.announcements import Passing
from delivery.errors import NotAMember

logger = logging.getLogger("gapless.receipts")

#: Locks in one order, so that two processes that flush at once can't lock each other out.
_MOVE = """
WITH moved AS MATERIALIZED (
    SELECT member.id, LEAST(moved.delivered, channel.head) AS delivered, LEAST(moved.read, channel.head) AS read, channel.head
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS moved (channel_id, user_id, delivered, read)
        JOIN channels AS channel ON channel.id = moved.channel_id
        JOIN channel_members AS member ON member.channel_id = moved.channel_id AND member.user_id = moved.user_id
    ORDER BY member.channel_id, member.user_id FOR NO KEY UPDATE OF member
)
UPDATE channel_members AS member
SET delivered_seq = GREATEST(delivered_seq, moved.delivered), read_seq = GREATEST(read_seq, moved.read)
FROM moved
WHERE member.id = moved.id AND (delivered_seq < moved.delivered OR read_seq < moved.read)
RETURNING member.channel_id, member.user_id, delivered_seq, read_seq, moved.head
"""

#: The lock that is held to the end (whoever waited for it sees older floors, and finds little to do), how far all is settled,
#: and the two lowest cursors of a channel: a message waits for the lowest, or for the second if the lowest is its sender's.
_STANDING = """
SELECT pg_advisory_xact_lock(%s, %s),
    (array_agg(ARRAY[user_id, delivered_seq] ORDER BY delivered_seq, user_id))[1:2],
    (array_agg(ARRAY[user_id, read_seq] ORDER BY read_seq, user_id))[1:2],
    (SELECT ARRAY[delivered_settled, read_settled] FROM channels_settled WHERE channel_id = %s)
FROM channel_members WHERE channel_id = %s
"""

_SETTLE = """
UPDATE messages SET status = %s, {time} = clock_timestamp()
WHERE channel_id = %s AND {time} IS NULL AND seq > %s AND seq <= %s AND seq <= CASE WHEN sender_id = %s THEN %s ELSE %s END
"""

_SETTLED = """
UPDATE channels_settled
SET delivered_settled = GREATEST(delivered_settled, %s), read_settled = GREATEST(read_settled, %s) WHERE channel_id = %s
"""

#: Messages that one transaction settles: whoever returns after long passes many at once.
SETTLED_AT_ONCE = 1000
#: Transactions that one flush spends on one channel; the next flush goes on.
SETTLINGS_A_FLUSH = 20

#: First key of the advisory locks that let only one transaction at a time settle a channel ("rcpt" in ASCII).
SETTLING = 0x72637074

#: (delivered, read) of a channel's slowest member.
Lowest = tuple[int, int]


@dataclass(frozen=True)
class _Side:
    """One of the two cursors: what its passing does to a message."""

    status: MessageStatus
    settle: str


_SIDES = (
    _Side(MessageStatus.DELIVERED, _SETTLE.format(time="delivered_at")),
    _Side(MessageStatus.READ, _SETTLE.format(time="read_at")),
)


@dataclass
class _Moved:
    """Who moved in a channel, and its head as it was then."""

    head: int
    members: dict[int, tuple[int, int]] = field(default_factory=dict)


def move_cursors(cursors: Mapping[tuple[int, int], tuple[int, int]]) -> None:
    """(channel, user) → (delivered, read), all in one transaction; what is read is delivered. Never backward, never above head.

    Then settles each channel by itself, and rings `receipts` for what moved. Users who are no members are passed over.
    """
    ordered = list(cursors.items())
    columns = [
        [channel for (channel, _), _ in ordered],
        [user for (_, user), _ in ordered],
        [max(delivered, read) for _, (delivered, read) in ordered],
        [read for _, (_, read) in ordered],
    ]
    moved: dict[int, _Moved] = {}
    for channel, user, delivered, read, head in hot.rows(_MOVE, columns):
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
    lowest: Lowest = (0, 0)
    for _ in range(SETTLINGS_A_FLUSH):
        lowest, is_done = _settle_some(channel)
        if is_done:
            break
    return lowest


def _settle_some(channel: int) -> tuple[Lowest, bool]:
    with transaction.atomic():
        # Held to the end of the transaction; posting, which holds the channel's row, goes on.
        [(_, delivered, read, floors)] = hot.rows(_STANDING, [SETTLING, channel % 2**31, channel, channel])
        cursors = (delivered or [], read or [])
        lowest = (cursors[0][0][1], cursors[1][0][1]) if delivered else (0, 0)
        if len(cursors[0]) < 2:
            # Nobody else is there to have got anything.
            return lowest, True
        steps = [
            _settle_side(channel, side, floor, two) for side, floor, two in zip(_SIDES, floors, cursors, strict=True)
        ]
        settled = [step.floor for step in steps]
        if settled != floors:
            hot.execute(_SETTLED, [*settled, channel])
        return lowest, all(step.is_done for step in steps)


@dataclass(frozen=True)
class _Step:
    """Up to `floor` all is settled; above it only what the slowest member wrote may be."""

    floor: int
    is_done: bool


def _settle_side(channel: int, side: _Side, floor: int, two: Sequence[tuple[int, int]]) -> _Step:
    (slowest, first), (_, second) = two
    if second <= floor:
        return _Step(floor, True)
    most = floor + SETTLED_AT_ONCE
    hot.execute(side.settle, [side.status, channel, floor, most, slowest, second, first])
    return _Step(max(floor, min(first, most)), most >= second or first <= floor)


def _receipts(channel: int, lowest: Lowest, moved: _Moved) -> Passing:
    delivered, read = lowest
    frame = protocol.Receipts(channel=channel, delivered=delivered, read=read, members=moved.members)
    return Passing(stream=channel, head=moved.head, raw=protocol.encode(frame))
