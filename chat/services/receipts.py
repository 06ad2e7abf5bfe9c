"""Delivered and read: two cursors a member, forward only; a message's own status follows once every other member has passed it.

A cursor speaks only of what came after its member joined, and only active members are waited for.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import DatabaseError, connection

from chat import hot
from chat.models import Member, User
from chat.reads.unread import ReadMark, count_all
from chat.services.leases import keep_leases
from chat.services.settling import Progress, settle
from delivery.bus import bell
from delivery.bus.announcements import Cursor, Moved
from delivery.wire.errors import NotAMember

logger = logging.getLogger("gapless.receipts")

#: Channels that a ban, or its end, settles before it is answered.
SETTLED_IN_A_REQUEST = 50

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
SET delivered_seq = GREATEST(delivered_seq, moved.delivered), read_seq = GREATEST(read_seq, moved.read),
    version = version + 1
FROM moved
WHERE member.id = moved.id AND (delivered_seq < moved.delivered OR read_seq < moved.read)
RETURNING member.channel_id, member.user_id, delivered_seq, read_seq, version, moved.head
"""

#: What waits for somebody who has just become inactive, or can be said of somebody who is active again: where the cursor is behind.
_BEHIND = """
SELECT member.channel_id FROM channel_members AS member JOIN channels AS channel ON channel.id = member.channel_id
WHERE member.user_id = %s AND (member.delivered_seq < channel.head OR member.read_seq < channel.head)
ORDER BY member.channel_id
"""

#: What was settled while this person did not count is looked at again.
_LOOK_AGAIN = """
UPDATE channels_settled AS settled
SET delivered_settled = LEAST(delivered_settled, joined_rev), read_settled = LEAST(read_settled, joined_rev),
    delivered_slowest = 0, read_slowest = 0
FROM channel_members AS member WHERE member.channel_id = settled.channel_id AND member.user_id = %s
"""


@dataclass
class _MovedHere:
    """Who moved in a channel, and its head as it was then: {user: (delivered, read, version)}."""

    head: int
    members: dict[int, tuple[int, int, int]] = field(default_factory=dict)


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
    moved: dict[int, _MovedHere] = {}
    for channel, user, delivered, read, version, head in hot.rows(_MOVE, columns):
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
    """Everything up to `seq` was seen by the user; an agent holds on to the conversation. Forward only. Raises NotAMember."""
    move_cursors({(channel, user.pk): (seq, seq)})
    keep_leases([(channel, user.pk)])
    member = Member.objects.filter(channel=channel, user=user).first()
    if member is None:
        raise NotAMember
    return member


def settle_receipts(channel: int) -> None:
    """For after a commit that changed whose cursors count in the channel: fills in what follows, and rings `receipts`."""
    _settle_and_tell(channel)


def settle_everywhere(user: int) -> None:
    """For after a commit that made somebody active or inactive: in every channel the others are waited for, or this one too.

    The first channels at once; of more the rest follows in a thread of its own, one after another: no request waits for thousands.
    """
    if User.objects.filter(pk=user, is_active=True).exists():
        hot.execute(_LOOK_AGAIN, [user])
    behind = [channel for (channel,) in hot.rows(_BEHIND, [user])]
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
        # The cursors stand; the next flush settles from where this one got to, the position check tells of them.
        logger.warning("channel %d was not settled", channel, exc_info=True)
        return
    if cursors or progress.has_settled:
        bell.ring([_moved(channel, progress, progress.head if head is None else head, cursors)])


def _moved(channel: int, progress: Progress, head: int, cursors: Sequence[Cursor]) -> Moved:
    return Moved(
        channel_id=channel,
        head=head,
        delivered=progress.delivered,
        read=progress.read,
        since=progress.since,
        cursors=cursors,
    )
