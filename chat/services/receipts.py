"""Delivered and read: two cursors a member, forward only; a message's own status follows once every other member has passed it.

A cursor concerns only messages after its member joined, and only active members count.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import DatabaseError, connection

from chat import prepared_sql
from chat.models import Member, User
from chat.reads.unread import ReadMark, count_all
from chat.services.leases import keep_leases
from chat.services.settling import Progress, settle
from delivery.bus import announcing
from delivery.bus.announcements import Cursor, Moved
from delivery.wire.errors import NotAMember

logger = logging.getLogger("gapless.receipts")

#: Channels that a ban, or its end, settles before the request is answered.
SETTLED_IN_A_REQUEST = 50

#: Locks in one order, so that two processes that flush at once can't deadlock.
_MOVE = """
WITH moved AS MATERIALIZED (
    SELECT member.id, LEAST(moved.delivered, channel.head) AS delivered, LEAST(moved.read, channel.head) AS read, channel.head
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS moved (channel_id, user_id, delivered, read)
        JOIN channels AS channel ON channel.id = moved.channel_id
        JOIN channel_members AS member ON member.channel_id = moved.channel_id AND member.user_id = moved.user_id
    ORDER BY member.channel_id, member.user_id FOR NO KEY UPDATE OF member
)
UPDATE channel_members AS member
SET delivered_seq = GREATEST(delivered_seq, moved.delivered), read_seq = GREATEST(read_seq, moved.read),
    version = version + 1
FROM moved
WHERE member.id = moved.id AND (delivered_seq < moved.delivered OR read_seq < moved.read)
RETURNING member.channel_id, member.user_id, delivered_seq, read_seq, version, moved.head
"""

#: Channels in which messages wait for a member who has just become inactive, or who is active again with a cursor behind.
_BEHIND = """
SELECT member.channel_id FROM channel_members AS member JOIN channels AS channel ON channel.id = member.channel_id
WHERE member.user_id = %s AND (member.delivered_seq < channel.head OR member.read_seq < channel.head)
ORDER BY member.channel_id
"""

#: Checks messages again that were settled while this member did not count.
_LOOK_AGAIN = """
UPDATE channels_settled AS settled
SET delivered_settled = LEAST(delivered_settled, joined_rev), read_settled = LEAST(read_settled, joined_rev),
    delivered_slowest = 0, read_slowest = 0
FROM channel_members AS member WHERE member.channel_id = settled.channel_id AND member.user_id = %s
"""


@dataclass
class _MovedHere:
    """The cursors that moved in a channel, {user: (delivered, read, version)}, and the channel's head at that moment."""

    head: int
    members: dict[int, tuple[int, int, int]] = field(default_factory=dict)


def move_cursors(cursors: Mapping[tuple[int, int], tuple[int, int]]) -> None:
    """Moves cursors in one transaction: (channel, user) → (delivered, read); read implies delivered. Never back or above the head.

    Then settles each channel by itself, and announces cursors that moved (`receipts`). Users who are no members are skipped.
    """
    ordered = list(cursors.items())
    columns = [
        [channel for (channel, _), _ in ordered],
        [user for (_, user), _ in ordered],
        [max(delivered, read) for _, (delivered, read) in ordered],
        [read for _, (_, read) in ordered],
    ]
    moved: dict[int, _MovedHere] = {}
    for channel, user, delivered, read, version, head in prepared_sql.rows(_MOVE, columns):
        moved.setdefault(channel, _MovedHere(head)).members[user] = (delivered, read, version)
    if not moved:
        return
    counts = count_all([
        ReadMark(channel, user, read, those.head)
        for channel, those in moved.items()
        for user, (_, read, _) in those.members.items()
    ])  # fmt: skip
    for channel, those in moved.items():
        said = [
            Cursor(user, delivered, read, version, *counts[channel, user])
            for user, (delivered, read, version) in those.members.items()
        ]
        _settle_and_tell(channel, head=those.head, cursors=said)


def read_channel(user: User, *, channel: int, seq: int) -> Member:
    """Moves the user's read cursor to `seq`, forward only; an agent's lease is renewed. Raises NotAMember."""
    move_cursors({(channel, user.pk): (seq, seq)})
    keep_leases([(channel, user.pk)])
    member = Member.objects.filter(channel=channel, user=user).first()
    if member is None:
        raise NotAMember
    return member


def settle_receipts(channel: int) -> None:
    """Call it after a commit that changed whose cursors count in the channel: settles its messages, and rings `receipts`."""
    _settle_and_tell(channel)


def settle_everywhere(user: int) -> None:
    """Call it after a commit that made a user active or inactive: settles all their channels, because their cursors count or not.

    The first channels are settled at once, the others in a thread of their own, one by one: no request waits for thousands.
    """
    if User.objects.filter(pk=user, is_active=True).exists():
        prepared_sql.execute(_LOOK_AGAIN, [user])
    behind = [channel for (channel,) in prepared_sql.rows(_BEHIND, [user])]
    _settle_each(behind[:SETTLED_IN_A_REQUEST])
    if rest := behind[SETTLED_IN_A_REQUEST:]:
        threading.Thread(target=_settle_apart, args=[rest], name=f"settling of user {user}").start()


def _settle_each(channels: Sequence[int]) -> None:
    for channel in channels:
        _settle_and_tell(channel)


def _settle_apart(channels: Sequence[int]) -> None:
    try:
        _settle_each(channels)
    finally:
        connection.close()


def _settle_and_tell(channel: int, *, head: int | None = None, cursors: Sequence[Cursor] = ()) -> None:
    try:
        progress = settle(channel)
    except DatabaseError:
        # The cursors are stored; the next flush continues to settle, and the position check tells clients.
        logger.warning("channel %d was not settled", channel, exc_info=True)
        return
    if cursors or progress.has_settled:
        announcing.announce([_moved(channel, progress, progress.head if head is None else head, cursors)])


def _moved(channel: int, progress: Progress, head: int, cursors: Sequence[Cursor]) -> Moved:
    return Moved(
        channel_id=channel,
        head=head,
        delivered=progress.delivered,
        read=progress.read,
        since=progress.since,
        cursors=cursors,
    )
