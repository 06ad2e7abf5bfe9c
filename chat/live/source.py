"""Answers delivery's questions about channels from the rows: accesses, rows after a number, positions, commits."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from django.conf import settings
from django.db import connection

from chat import clock, prepared_sql, shapes
from chat.models import Member
from chat.reads import logins
from chat.reads.channels import described
from chat.reads.sent import changed_in, changed_since
from chat.reads.timekeeping import keep_time
from chat.services import (
    Draft,
    PostQuestion,
    begin_epoch,
    move_cursors,
    post_messages,
    question_of,
    read_log_position,
)
from delivery.bus.announcements import Change
from delivery.source import Access, Committed, LaneDraft, Login, LogPosition, Missed, Reading
from delivery.wire.errors import Refused
from delivery.wire.types import CloseCode

T = TypeVar("T")

# One array for any number of channels: with thousands the ORM's parameter for each would be the largest cost.
_HEADS = "SELECT id, head FROM channels WHERE id = ANY(%s)"
_HEADS_AND_FLOORS = "SELECT id, head, floor FROM channels WHERE id = ANY(%s)"

# As Member.objects.of(user_ids).in_lists() says it, which takes longer to be spelled than to be answered.
_MEMBERSHIPS = """
SELECT member.user_id, member.channel_id, member.version
FROM channel_members AS member JOIN channels AS channel ON channel.id = member.channel_id
WHERE member.user_id IN (SELECT unnest(%s::bigint[])) AND COALESCE(member.listed_until, 'infinity') > %s
    AND (channel.archived_at IS NULL OR channel.archived_at > %s)
"""

_REPLAYABLE = """
SELECT held.channel_id, (
    SELECT count(*) FROM (
        SELECT 1 FROM messages WHERE channel_id = held.channel_id AND rev > held.rev LIMIT %s
    ) AS missed
), (
    -- PostgreSQL's clock: one for all processes, whatever theirs say.
    SELECT greatest(created_at, edited_at, deleted_at, changed_at) >= clock_timestamp() - %s * interval '1 hour' FROM messages
    WHERE channel_id = held.channel_id AND rev > held.rev ORDER BY rev LIMIT 1
) FROM unnest(%s::bigint[], %s::bigint[]) AS held (channel_id, rev)
"""


class ChatSource:
    """See delivery.source.Source for what each function promises."""

    def found(self, reading: Reading[T]) -> T:
        return prepared_sql.run_reading(reading)

    def log_position(self) -> LogPosition:
        keep_time()
        return read_log_position()

    def begin_epoch(self, after: str) -> str:
        return begin_epoch(after=after)

    def accesses_to(self, user_id: int, channel_ids: Collection[int]) -> dict[int, Access]:
        memberships = Member.objects.with_mutes().filter(user_id=user_id, channel_id__in=channel_ids)
        return {member.channel_id: _access(member, seen) for member, seen in described(memberships, user_id)}

    def access(self, user_id: int, channel_id: int) -> Access | None:
        return self.accesses_to(user_id, [channel_id]).get(channel_id)

    def changes_since(self, channel_id: int, rev: int, *, limit: int) -> Missed:
        # The head is read first: rows that are read later can only be newer, and none below the head is missing.
        head = self.heads([channel_id]).get(channel_id, 0)
        changes = [shapes.change_of(row) for row in changed_since(channel_id, rev, limit=limit)]
        return Missed(head=max(head, changes[-1].rev if changes else 0), changes=changes)

    def changes_of(self, held: Mapping[int, int], *, limit: int) -> dict[int, Missed]:
        heads = self.heads(list(held))
        changes: dict[int, list[Change]] = defaultdict(list)
        for row in changed_in(held, limit=limit):
            changes[row.channel_id].append(shapes.change_of(row))
        return {
            channel_id: Missed(
                max([heads.get(channel_id, 0), *(change.rev for change in changes[channel_id])]), changes[channel_id]
            )
            for channel_id in held
        }

    def can_replay(self, held: Mapping[int, int]) -> dict[int, bool]:
        most, hours = settings.LIMITS.replay_changes, settings.LIMITS.replay_hours
        with connection.cursor() as cursor:
            cursor.execute(_REPLAYABLE, [most + 1, hours, list(held), list(held.values())])
            return {
                channel: missed <= most and is_recent is not False for channel, missed, is_recent in cursor.fetchall()
            }

    def heads(self, channel_ids: Sequence[int]) -> dict[int, int]:
        return dict(prepared_sql.rows(_HEADS, [list(channel_ids)]))

    def heads_and_floors(self, channel_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
        found = prepared_sql.rows(_HEADS_AND_FLOORS, [list(channel_ids)])
        return {channel_id: (head, floor) for channel_id, head, floor in found}

    def memberships(self, user_ids: Sequence[int]) -> dict[int, dict[int, int]]:
        moment = clock.now()
        found: dict[int, dict[int, int]] = {user_id: {} for user_id in user_ids}
        archived = moment - datetime.timedelta(days=settings.LIMITS.archived_days)
        for user_id, channel_id, version in prepared_sql.rows(_MEMBERSHIPS, [list(user_ids), moment, archived]):
            found[user_id][channel_id] = version
        return found

    def endings(self, held: Sequence[Login]) -> list[CloseCode | None]:
        return logins.endings(held)

    def question(self, drafts: Sequence[LaneDraft]) -> PostQuestion | None:
        return question_of([draft for draft in drafts if isinstance(draft, Draft)])

    def commit(self, drafts: Sequence[LaneDraft]) -> list[Committed | Refused]:
        return post_messages([draft for draft in drafts if isinstance(draft, Draft)])

    def move_cursors(self, cursors: Mapping[tuple[int, int], tuple[int, int]]) -> None:
        move_cursors(cursors)


def _access(member: Member, description: shapes.Channel) -> Access:
    return Access(
        channel_id=member.channel_id,
        head=member.channel.head,
        since=member.joined_rev,
        version=member.version,
        description=description,
    )
