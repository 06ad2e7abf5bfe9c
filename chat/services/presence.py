"""The status that people choose, and when they were last seen. Redis has the people who are here now, see presence/."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from chat import shapes
from chat.allowances.counting import counted
from chat.allowances.table import PRESENCE_CHOICES
from chat.models import User
from chat.naming import clean_name
from chat.services.accounts import lock_own
from delivery.bus import announcing
from delivery.bus.announcements import About
from delivery.wire.errors import Invalid
from presence.people import CHOICES, Choice

#: Locks in the same order as every statement that locks memberships, so that two can't deadlock.
_NOTE = """
WITH noted AS (
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::float8[]) AS noted (user_id, status, age)
), typed AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::float8[]) AS typed (channel_id, user_id, age)
), changed AS (
    SELECT member.id, noted.status, clock_timestamp() - noted.age * interval '1 second' AS seen,
        clock_timestamp() - typed.age * interval '1 second' AS typed
    FROM channel_members AS member JOIN noted USING (user_id) LEFT JOIN typed USING (channel_id, user_id)
    -- When they were here is noted later than they are erased, and of them nothing is kept.
    WHERE NOT EXISTS (SELECT FROM erasures WHERE erasures.user_id = member.user_id)
    ORDER BY member.channel_id, member.user_id FOR NO KEY UPDATE OF member
)
UPDATE channel_members AS member
SET status = changed.status, last_seen = greatest(member.last_seen, changed.seen),
    last_typing = greatest(member.last_typing, changed.typed)
FROM changed WHERE member.id = changed.id
"""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A person's status as others see it, and how many seconds ago it was last true."""

    status: str
    age_seconds: float


def choose_presence(
    user: User, *, status: str | None = None, activity: str | None = None, shows_typing: bool | None = None
) -> Choice:
    """Changes the person's choices, on all devices; None leaves a choice as it is. Repeating changes nothing.

    Raises Invalid, RateLimited.
    """
    if status is not None and status not in CHOICES:
        raise Invalid(f"A status is one of {', '.join(CHOICES)}.")
    given = {"chosen_status": status, "activity": _checked(activity), "shows_typing": shows_typing}
    wanted = {name: value for name, value in given.items() if value is not None}
    with counted(PRESENCE_CHOICES, user), transaction.atomic():
        row = lock_own(user)
        if any(getattr(row, name) != value for name, value in wanted.items()):
            User.objects.filter(pk=user.pk).update(**wanted, presence_rev=F("presence_rev") + 1)
            row.refresh_from_db()
            choice = shapes.choice_of(row)
            transaction.on_commit(
                lambda: announcing.announce([About(user_id=user.pk, raw=msgspec.msgpack.encode(choice))])
            )
    return shapes.choice_of(row)


def note_seen(people: Mapping[int, Sighting], typed: Mapping[tuple[int, int], float]) -> None:
    """Writes status and last_seen of these people in all their channels, and when they typed, in one statement.

    `typed`: (channel, user) → seconds since; these users must be among the people. Times never go back.
    """
    columns: list[list[Any]] = [
        list(people),
        [sighting.status for sighting in people.values()],
        [sighting.age_seconds for sighting in people.values()],
        [channel for channel, _ in typed],
        [user for _, user in typed],
        list(typed.values()),
    ]
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, columns)


def _checked(activity: str | None) -> str | None:
    if activity is None:
        return None
    return clean_name(activity, what="What you are doing", most=settings.LIMITS.activity_characters)
