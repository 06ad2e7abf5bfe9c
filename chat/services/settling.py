"""Fills status and times of messages that every other member has passed, in bounded steps, one process at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from chat import prepared_sql
from chat.models import MessageStatus
from delivery.bus.announcements import Low

#: A statement of its own, so that the next one sees what the transaction that held the lock before has settled.
_LOCK = "SELECT pg_advisory_xact_lock(%s, %s)"

#: How far all messages are settled; and of the active members the two lowest cursors and the two who joined first. A message waits
#: for the lowest cursor, or for the second if the lowest is its sender's; and another member must have been there for it.
_STANDING = """
SELECT
    (SELECT head FROM channels WHERE id = %s),
    (array_agg(ARRAY[user_id, joined_rev] ORDER BY joined_rev, user_id))[1:2],
    (array_agg(ARRAY[user_id, delivered_seq] ORDER BY delivered_seq, user_id))[1:2],
    (array_agg(ARRAY[user_id, read_seq] ORDER BY read_seq, user_id))[1:2],
    (SELECT ARRAY[delivered_settled, delivered_slowest, delivered_own, read_settled, read_slowest, read_own]
        FROM channels_settled WHERE channel_id = %s)
FROM channel_members AS member JOIN users ON users.id = member.user_id AND users.is_active WHERE member.channel_id = %s
"""

_SETTLE = """
UPDATE messages SET status = %s, {times}
WHERE channel_id = %s AND {last} IS NULL AND seq > %s AND seq <= %s
    AND seq <= CASE WHEN sender_id = %s THEN %s::bigint ELSE %s::bigint END
    AND seq > CASE WHEN sender_id = %s THEN %s::bigint ELSE %s::bigint END
"""

#: Unless another transaction has set it back meanwhile, to check earlier messages again.
_SETTLED = """
UPDATE channels_settled
SET delivered_settled = %s, delivered_slowest = %s, delivered_own = %s, read_settled = %s, read_slowest = %s, read_own = %s
WHERE channel_id = %s AND delivered_settled = %s AND read_settled = %s
"""

#: Messages that one transaction settles: a member who returns after a long time passes many at once.
SETTLED_AT_ONCE = 1000
#: Transactions that one flush spends on one channel; the next flush continues.
SETTLINGS_A_FLUSH = 20

#: First key of the advisory locks that let only one transaction at a time settle a channel ("rcpt" in ASCII).
SETTLING = 0x72637074


@dataclass(frozen=True)
class Progress:
    """For each member, how far all others have received and read; `since`: when the first of these others joined."""

    head: int
    since: Low
    delivered: Low
    read: Low
    has_settled: bool


@dataclass(frozen=True)
class _Side:
    """One of the two cursors, or both, and the statement that fills the columns of the messages that it has passed."""

    status: MessageStatus
    settle: str


_DELIVERED = _Side(
    MessageStatus.DELIVERED, _SETTLE.format(times="delivered_at = clock_timestamp()", last="delivered_at")
)
_READ = _Side(MessageStatus.READ, _SETTLE.format(times="read_at = clock_timestamp()", last="read_at"))
#: For messages that are delivered and read at once: a message that is written twice costs twice as much.
_BOTH = _Side(
    MessageStatus.READ,
    _SETTLE.format(
        times="delivered_at = COALESCE(delivered_at, clock_timestamp()), read_at = clock_timestamp()", last="read_at"
    ),
)


@dataclass(frozen=True)
class _Floor:
    """How far messages are settled: up to `all` every message, up to `own` the slowest member's own messages."""

    all: int
    slowest: int
    own: int


@dataclass(frozen=True)
class _Lowest:
    """The two lowest values of a number among the active members; None if there are fewer members."""

    user: int
    first: int | None
    second: int | None

    def up_to(self, floor: _Floor) -> Low:
        """The lowest values, but not beyond what the rows have settled."""
        return Low(self.user, min(self.first or 0, floor.all), min(self.second or 0, floor.own))


def settle(channel: int) -> Progress:
    """Settles a channel in own transactions of bounded size; the next flush does the rest. Posting continues meanwhile."""
    has_settled = False
    for _ in range(SETTLINGS_A_FLUSH):
        progress, is_done = _settle_some(channel)
        has_settled = has_settled or progress.has_settled
        if is_done:
            break
    return Progress(progress.head, progress.since, progress.delivered, progress.read, has_settled)


def _settle_some(channel: int) -> tuple[Progress, bool]:
    with transaction.atomic():
        # Held until the end of the transaction; posting holds the channel's row instead, and continues.
        _, [(head, *two, floors)] = prepared_sql.pipeline(
            (_LOCK, [SETTLING, channel % 2**31]), (_STANDING, [channel, channel, channel])
        )
        since, *lowest = (_lowest(pair) for pair in two)
        before = [_Floor(*floors[:3]), _Floor(*floors[3:])]
        after = _settle_sides(channel, before, lowest, since)
        if after != before:
            numbers = [number for floor in after for number in (floor.all, floor.slowest, floor.own)]
            prepared_sql.execute(_SETTLED, [*numbers, channel, *(floor.all for floor in before)])
    delivered, read = (low.up_to(floor) for low, floor in zip(lowest, after, strict=True))
    begun = Low(since.user, since.first or 0, since.second or 0)
    is_done = all(_is_done(floor, low) for floor, low in zip(after, lowest, strict=True))
    return Progress(head or 0, begun, delivered, read, after != before), is_done


def _lowest(two: Sequence[tuple[int, int]] | None) -> _Lowest:
    if not two:
        return _Lowest(0, None, None)
    return _Lowest(two[0][0], two[0][1], two[1][1] if len(two) > 1 else None)


def _settle_sides(channel: int, floors: Sequence[_Floor], lowest: Sequence[_Lowest], since: _Lowest) -> list[_Floor]:
    if floors[0] == floors[1] and lowest[0] == lowest[1]:
        return [_settle_side(channel, _BOTH, floors[0], lowest[0], since)] * 2
    return [
        _settle_side(channel, side, floor, low, since)
        for side, floor, low in zip((_DELIVERED, _READ), floors, lowest, strict=True)
    ]


def _settle_side(channel: int, side: _Side, floor: _Floor, low: _Lowest, since: _Lowest) -> _Floor:
    own = max(floor.all, floor.own) if floor.slowest == low.user else floor.all
    floor = _Floor(floor.all, low.user, own)
    if _is_done(floor, low):
        return floor
    # First messages that wait for all members; then those of the slowest member.
    start = floor.all if (low.first or 0) > floor.all else own
    most = start + SETTLED_AT_ONCE
    bounds = [low.user, low.second, low.first, since.user, since.second, since.first]
    prepared_sql.execute(side.settle, [side.status, channel, start, most, *bounds])
    reached = max(floor.all, min(low.first or 0, most))
    return _Floor(reached, low.user, max(own, reached, min(low.second or 0, most)))


def _is_done(floor: _Floor, low: _Lowest) -> bool:
    return (low.first or 0) <= floor.all and (low.second or 0) <= floor.own
