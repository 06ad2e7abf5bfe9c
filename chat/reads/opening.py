"""All that `hello` says of somebody's channels and people, in one round trip: a crowd that comes back asks for little else."""

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from chat import clock, shapes
from chat.models import User
from chat.reads.blocks import Apart
from chat.reads.unread import unread_of
from chat.rights.standing import moderates_everywhere
from chat.services import hot
from chat.services.epochs import log_position_in, log_position_statement
from chat.shapes.columns import ChannelColumns, MemberColumns
from delivery.source import Access, Opening

#: The reader, and whom they have blocked.
_UNHEARD = "ARRAY(SELECT blocked_id FROM blocks WHERE blocker_id = asked.user_id) || asked.user_id"

# As Member.objects.in_lists().with_mutes() reads them. First the columns of ChannelColumns, then those of MemberColumns.
_CHANNELS = f"""
SELECT asked.*, CASE WHEN asked.head > asked.read THEN {unread_of(_UNHEARD)} ELSE 0 END
FROM (
    SELECT channel.id AS channel_id, channel.name, channel.topic, channel.kind, channel.parent_id, channel.is_support,
        channel.direct_key, channel.member_count, channel.head, channel.created_by_id, channel.created_at,
        channel.archived_at,
        member.user_id, member.role, member.delivered_seq, member.read_seq AS read, member.notify_level, mute.until,
        member.joined_rev, member.version
    FROM channel_members AS member JOIN channels AS channel ON channel.id = member.channel_id
    LEFT JOIN channel_sanctions AS mute ON mute.channel_id = member.channel_id AND mute.user_id = member.user_id
        AND mute.kind = 'mute' AND mute.until > %s
    WHERE member.user_id = %s AND (channel.archived_at IS NULL OR channel.archived_at > %s)
) AS asked ORDER BY channel_id
"""  # noqa: S608 (nothing of anybody is in it)
_OF_CHANNEL = len(ChannelColumns.__struct_fields__)

# Whoever may moderate everywhere is on the staff: who else that is, is asked only of those.
_STAFF = "SELECT is_staff FROM users WHERE id = %s"

_OTHERS = """
SELECT other.channel_id, person.id, person.username, person.display_name
FROM channel_members AS own
JOIN channels AS channel ON channel.id = own.channel_id AND channel.kind = 'direct'
JOIN channel_members AS other ON other.channel_id = own.channel_id AND other.user_id <> own.user_id
JOIN users AS person ON person.id = other.user_id
WHERE own.user_id = %s ORDER BY person.id
"""

_BLOCKS = "SELECT blocker_id, blocked_id FROM blocks WHERE blocker_id = %s OR blocked_id = %s"


@dataclass(frozen=True, slots=True)
class ChatOpening(Opening):
    apart: Apart


def opening_of(user: int) -> ChatOpening:
    """The epoch first: heads of another one would be taken for those of this one."""
    now = clock.now()
    since = now - datetime.timedelta(days=settings.LIMITS.archived_days)
    [[stands], [[is_staff]], others, blocks, channels] = hot.together(
        (log_position_statement(), []),
        (_STAFF, [user]),
        (_OTHERS, [user]),
        (_BLOCKS, [user, user]),
        (_CHANNELS, [now, user, since]),
    )
    moderates = is_staff and moderates_everywhere(User.objects.get(pk=user))
    people: dict[int, list[User]] = defaultdict(list)
    for channel, pk, username, display_name in others:
        people[channel].append(User(pk=pk, username=username, display_name=display_name))
    return ChatOpening(
        log_position=log_position_in(stands),
        accesses=[_access(row, people.get(row[0], ()), moderates=moderates) for row in channels],
        apart=Apart(
            blocked={blocked for blocker, blocked in blocks if blocker == user},
            blocked_by={blocker for blocker, blocked in blocks if blocked == user},
        ),
    )


def _access(row: Sequence[Any], people: Sequence[User], *, moderates: bool) -> Access:
    *columns, joined_rev, version, unread = row
    channel = ChannelColumns(*columns[:_OF_CHANNEL])
    member = MemberColumns(channel, *columns[_OF_CHANNEL:])
    return Access(
        channel_id=channel.pk,
        head=channel.head,
        since=joined_rev,
        version=version,
        description=shapes.channel_to_member(member, unread=unread, people=people, moderates=moderates),
    )
