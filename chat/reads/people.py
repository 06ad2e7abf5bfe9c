"""When people were last seen, from the rows, only for users who share a channel with them."""

import datetime
from collections.abc import Sequence

import msgspec
from django.db import connection

from chat import shapes
from chat.models import Member, User
from delivery.wire.frames import PersonState
from delivery.wire.types import spell_time
from presence.people import INVISIBLE, OFFLINE, UNKNOWN

_LAST_SEEN = """
SELECT other.user_id, max(other.last_seen) FROM channel_members AS other
WHERE other.user_id = ANY(%s) AND (other.user_id = %s OR EXISTS (
    SELECT 1 FROM channel_members AS mine JOIN channel_members AS theirs USING (channel_id)
    WHERE mine.user_id = %s AND theirs.user_id = other.user_id
)) GROUP BY other.user_id
"""


def last_seen(viewer: int, users: Sequence[int]) -> dict[int, datetime.datetime | None]:
    """For each of these people that the viewer may know of: those who share a channel with them, and the viewer."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST_SEEN, [list(users), viewer, viewer])
        found: dict[int, datetime.datetime | None] = dict(cursor.fetchall())
    return {viewer: None, **found} if viewer in users else found


def with_last_seen(state: PersonState, seen: datetime.datetime | None) -> PersonState:
    """Of who has gone, the later of what was heard and what the rows say."""
    if state.status not in (OFFLINE, UNKNOWN):
        return state
    times = [time for time in (state.last_seen, spell_time(seen)) if time is not None]
    return msgspec.structs.replace(state, last_seen=max(times, default=None))


def of_member(member: Member, state: PersonState, *, viewer: int) -> PersonState:
    """A member as another member sees them. Needs `user` selected along."""
    state = with_last_seen(state, member.last_seen)
    return own_state(member.user, state) if member.user_id == viewer else state


def own_state(user: User, state: PersonState) -> PersonState:
    """As the person sees themselves: what was chosen, where others see nothing."""
    choice = shapes.choice_of(user)
    return PersonState(INVISIBLE if choice.status == INVISIBLE else state.status, choice.activity, state.last_seen)
