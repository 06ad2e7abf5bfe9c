"""A reader's threads: which they follow, and how many replies are unread. Counted from the rows, never stored.

What is a thread's own is not the channel's: its replies count here, whether or not the channel's cursor has passed them.
"""

import datetime
from dataclasses import dataclass

from chat import clock, prepared_sql, shapes
from chat.models import Message
from chat.reads.unread import MOST_UNREAD

#: Beyond so many threads with something unread people only read "many".
MOST_THREADS = 100

#: Nothing of before the membership began is unread, as in the channel. What those wrote whom the reader has blocked is folded.
_UNREAD = f"""(
    SELECT count(*) FROM (
        SELECT 1 FROM messages AS reply
        WHERE reply.thread_id = root.id AND reply.seq > GREATEST(follower.read_seq, member.joined_rev)
            AND reply.deleted_at IS NULL AND reply.sender_id <> follower.user_id
            AND NOT EXISTS (SELECT FROM blocks WHERE blocker_id = follower.user_id AND blocked_id = reply.sender_id)
        LIMIT {MOST_UNREAD}
    ) AS unread
)"""  # noqa: S608 (nothing of anybody is in it)

_FOLLOWED = """
FROM thread_followers AS follower
JOIN messages AS root ON root.id = follower.root_id
JOIN channel_members AS member ON member.channel_id = root.channel_id AND member.user_id = follower.user_id
WHERE follower.user_id = %s AND follower.is_following AND (member.listed_until IS NULL OR member.listed_until > %s)
"""
#: Of most threads this alone says that nothing is unread.
_MAY_BE_UNREAD = "root.last_reply_seq > GREATEST(follower.read_seq, member.joined_rev)"

# Activity is compared across channels, so by time: numbers are of one channel.
_AT = "COALESCE(root.last_reply_at, root.created_at)"
_PAGE = f"""
SELECT root.id, {_AT}, follower.read_seq, {_UNREAD} {_FOLLOWED}
    AND ({_AT}, root.id) < (%s, %s) AND (NOT %s OR ({_MAY_BE_UNREAD} AND {_UNREAD} > 0))
ORDER BY {_AT} DESC, root.id DESC LIMIT %s
"""
_THREADS_UNREAD = f"""
SELECT count(*) FROM (SELECT 1 {_FOLLOWED} AND {_MAY_BE_UNREAD} AND {_UNREAD} > 0 LIMIT {MOST_THREADS}) AS few
"""  # noqa: S608
_ONE = f"""
SELECT follower.is_following, follower.read_seq, {_UNREAD} FROM thread_followers AS follower
JOIN messages AS root ON root.id = follower.root_id
JOIN channel_members AS member ON member.channel_id = root.channel_id AND member.user_id = follower.user_id
WHERE follower.root_id = %s AND follower.user_id = %s
"""  # noqa: S608

#: The place of a thread among others: when something was said in it last, and its root.
Place = tuple[datetime.datetime, int]
_NEWEST: Place = (datetime.datetime.max.replace(tzinfo=datetime.UTC), 0)


@dataclass(frozen=True, slots=True)
class FollowedPage:
    """`older_than`: where the next page begins; None: nowhere."""

    threads: list[shapes.FollowedRoot]
    older_than: Place | None


def followed_threads(user: int, *, size: int, before: Place | None = None, only_unread: bool = False) -> FollowedPage:
    """The threads that somebody follows in channels that they are in, those with the newest reply first."""
    found = prepared_sql.rows(_PAGE, [user, clock.now(), *(before or _NEWEST), only_unread, size + 1])
    kept = found[:size]
    roots = Message.objects.filter(channel__members__user=user).for_the_wire().in_bulk([pk for pk, *_ in kept])
    threads = [
        shapes.followed_root(shapes.message_of(roots[pk]), read_seq=read_seq, unread=unread)
        for pk, _, read_seq, unread in kept
        # What was pruned since it was found is not there any more, nor what is in a channel that the user has left since.
        if pk in roots
    ]
    return FollowedPage(threads, (kept[-1][1], kept[-1][0]) if len(found) > size else None)


def threads_unread(user: int) -> int:
    """How many followed threads have unread replies."""
    [(count,)] = prepared_sql.rows(_THREADS_UNREAD, [user, clock.now()])
    return int(count)


def thread_as_followed(user: int, root: Message) -> shapes.FollowedThread:
    """A member's state in a thread; a member who never followed it has nothing unread there."""
    for following, read_seq, unread in prepared_sql.rows(_ONE, [root.pk, user]):
        return shapes.FollowedThread(
            thread=root.pk, following=following, read_seq=read_seq, unread=unread if following else 0
        )
    return shapes.FollowedThread(thread=root.pk, following=False, read_seq=0, unread=0)
