"""Computes waits, answers, solutions and holdings from the changes of a desk's log: pure functions, one change at a time.

Time counts only while the customer waits: not while they are silent, nor while the conversation is snoozed.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chat.support.models import Interval, IntervalKind, Tally
from chat.support.schedule import Moment, Schedule, due, open_time

#: The policy of one priority: minutes by kind of interval.
Targets = Mapping[str, int]
ANSWERED = "conversation.answered"
RESOLVED = "conversation.resolved"
_NOTHING = datetime.timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A change of the desk's log about a conversation."""

    kind: str
    at: Moment
    number: int
    conversation: int
    episode: int
    assignee: int | None
    waiting_since: Moment | None
    by: int


@dataclass(frozen=True)
class Dues:
    first: Moment | None = None
    next: Moment | None = None
    solve: Moment | None = None


def fact_of(event: Mapping[str, Any], *, at: Moment, number: int) -> Fact | None:
    """The fact in a change; None if it is about no conversation, for example when an agent joined the desk."""
    if "conversation" not in event:
        return None
    waiting_since = event["waiting_since"]
    return Fact(
        kind=event["type"],
        at=at,
        number=number,
        conversation=event["conversation"],
        episode=event["episode"],
        assignee=event["assignee"],
        waiting_since=datetime.datetime.fromisoformat(waiting_since) if waiting_since else None,
        by=event["by"],
    )


def count(tally: Tally, fact: Fact, *, hours: Schedule | None, targets: Targets) -> list[Interval]:
    """Moves the tally on by one change; returns the intervals that ended with it, unsaved."""
    ended: list[Interval] = []
    _pause(tally, fact.at, hours)
    if fact.kind == ANSWERED and tally.wait_began_at is not None:
        kind = IntervalKind.NEXT if tally.is_answered else IntervalKind.FIRST
        ended.append(_ended(tally, kind, tally.wait_began_at, fact, tally.wait_used, targets))
        tally.wait_began_at, tally.wait_used, tally.is_answered = None, _NOTHING, True
    if fact.kind == RESOLVED:
        ended.append(_ended(tally, IntervalKind.SOLVE, tally.began_at, fact, tally.solve_used, targets))
        tally.wait_began_at, tally.wait_used = None, _NOTHING
    ended += _hand_over(tally, fact, hours)
    if fact.episode != tally.episode:
        _begin_episode(tally, fact)
    if fact.waiting_since is not None:
        _run(tally, fact.waiting_since, fact.at)
    return ended


def dues_of(tally: Tally, *, hours: Schedule | None, targets: Targets) -> Dues:
    """The due times while the customer waits; none while they don't."""
    since = tally.running_since
    if since is None:
        return Dues()

    def at(kind: IntervalKind, used: datetime.timedelta) -> Moment | None:
        minutes = targets.get(kind)
        return None if minutes is None else due(since, minutes - used / datetime.timedelta(minutes=1), hours)

    solve = at(IntervalKind.SOLVE, tally.solve_used)
    if tally.is_answered:
        return Dues(next=at(IntervalKind.NEXT, tally.wait_used), solve=solve)
    return Dues(first=at(IntervalKind.FIRST, tally.wait_used), solve=solve)


def _pause(tally: Tally, at: Moment, hours: Schedule | None) -> None:
    if tally.running_since is not None:
        used = open_time(tally.running_since, at, hours)
        tally.wait_used += used
        tally.solve_used += used
        tally.running_since = None


def _run(tally: Tally, waiting_since: Moment, now: Moment) -> None:
    if tally.wait_began_at is None:
        tally.wait_began_at = tally.running_since = waiting_since
    else:
        tally.running_since = now


def _hand_over(tally: Tally, fact: Fact, hours: Schedule | None) -> list[Interval]:
    if fact.assignee == tally.holder_id:
        return []
    ended = []
    if tally.holder_id is not None and tally.held_since is not None:
        held = open_time(tally.held_since, fact.at, hours)
        ended.append(_ended(tally, IntervalKind.HELD, tally.held_since, fact, held, {}, agent=tally.holder_id))
    tally.holder_id, tally.held_since = fact.assignee, fact.at if fact.assignee is not None else None
    return ended


def _begin_episode(tally: Tally, fact: Fact) -> None:
    tally.episode, tally.began_at = fact.episode, fact.waiting_since or fact.at
    tally.wait_began_at, tally.is_answered = None, False
    tally.wait_used = tally.solve_used = _NOTHING


def _ended(
    tally: Tally,
    kind: IntervalKind,
    began_at: Moment,
    fact: Fact,
    used: datetime.timedelta,
    targets: Targets,
    *,
    agent: int | None = None,
) -> Interval:
    minutes = targets.get(kind)
    # The wait began by the clock of the customer's process, which may be a little ahead of the answerer's.
    ended_at = max(began_at, fact.at)
    return Interval(
        conversation_id=tally.conversation_id,
        episode=tally.episode,
        kind=kind,
        agent_id=agent or fact.by,
        began_at=began_at,
        ended_at=ended_at,
        seconds=int((ended_at - began_at).total_seconds()),
        business_seconds=int(used.total_seconds()),
        met=None if minutes is None else used <= datetime.timedelta(minutes=minutes),
    )
