"""Reads the queue: conversations of an agent's inboxes, the longest wait first."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.expressions import RawSQL

from chat.models import Conversation, ConversationState, User
from chat.support.models import Ticket
from chat.support.services.inboxes import inboxes_of
from chat.support.services.standing import require_agent
from delivery.wire.errors import NotFound

#: The place of conversations in which nobody waits: the end of the queue.
_NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)
_FIRST = """
SELECT first.channel_id FROM unnest(%s::bigint[]) AS desk (id) CROSS JOIN LATERAL (
    SELECT channel_id FROM conversations WHERE desk_id = desk.id AND {conditions} ORDER BY {order} LIMIT %s
) AS first
"""
_ALONG = ("conversation__channel", "conversation__visitor", "conversation__assignee", "inbox")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the queue, at which a page ended."""

    at: datetime.datetime
    conversation: int


def queue(
    user: User,
    *,
    inbox: int | None = None,
    state: str | None = None,
    whose: str = "all",
    visitor: int | None = None,
    after: Place | None = None,
    size: int,
) -> tuple[list[Ticket], Place | None]:
    """A page of the queue, and where the next page begins. `state` None: all but resolved ones. Resolved ones: the latest first.

    `whose`: mine, unassigned or all. Raises NotFound for an inbox in which the user is no agent.
    """
    wanted = _Wanted(_desks(user, inbox))
    if whose == "mine":
        wanted.require("assignee_id = %s", user.pk)
    elif whose == "unassigned":
        wanted.require("assignee_id IS NULL")
    if visitor is not None:
        wanted.require("visitor_id = %s", visitor)
    is_resolved = state == ConversationState.RESOLVED
    found = _resolved(wanted, after, size) if is_resolved else _waiting(wanted, state, after, size)
    following = _place_of(found[size - 1]) if len(found) > size else None
    return found[:size], following


def ticket_of(user: User, *, conversation: int) -> Ticket:
    """The ticket of a conversation, for its inbox's agents. Raises NotFound."""
    ticket = Ticket.objects.select_related(*_ALONG).filter(pk=conversation).first()
    if ticket is None:
        raise NotFound
    require_agent(user, ticket.inbox)
    return ticket


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """Counts of conversations that are not resolved, and of those in which a customer waits."""

    mine: int
    unassigned: int
    all: int
    waiting: int
    waiting_since: datetime.datetime | None


def count_queue(user: User, *, inbox: int | None = None) -> QueueCounts:
    """Raises NotFound for an inbox that the user is no agent of."""
    rows = Conversation.objects.filter(desk__in=_desks(user, inbox)).exclude(state=ConversationState.RESOLVED)
    found = rows.aggregate(
        mine=Count("pk", filter=Q(assignee=user)),
        unassigned=Count("pk", filter=Q(assignee=None)),
        all=Count("pk"),
        waiting=Count("waiting_since"),
        waiting_since=Min("waiting_since"),
    )
    return QueueCounts(**found)


def _desks(user: User, inbox: int | None) -> Sequence[int]:
    rows = inboxes_of(user)
    if inbox is not None:
        rows = rows.filter(pk=inbox)
    desks = list(rows.values_list("desk", flat=True))
    if not desks and inbox is not None:
        raise NotFound
    return desks


class _Wanted:
    """A selection of conversations of these desks: conditions on their rows, in SQL."""

    def __init__(self, desks: Sequence[int]) -> None:
        self._desks = list(desks)
        self._conditions: list[str] = []
        self._parameters: list[Any] = []

    def require(self, condition: str, *parameters: Any) -> None:
        self._conditions.append(condition)
        self._parameters += parameters

    def first(self, size: int, *, order: str) -> QuerySet[Ticket]:
        """The first conversations of each desk in this order, by its index, so that the number of others does not matter."""
        sql = _FIRST.format(conditions=" AND ".join(self._conditions), order=order)
        first = RawSQL(sql, [self._desks, *self._parameters, size])  # noqa: S611 (the conditions are ours)
        return Ticket.objects.filter(pk__in=first).select_related(*_ALONG)


def _waiting(wanted: _Wanted, state: str | None, after: Place | None, size: int) -> list[Ticket]:
    wanted.require("state <> 'resolved'")
    if state is not None:
        wanted.require("state = %s", state)
    if state in (ConversationState.PENDING, ConversationState.SNOOZED) or (after is not None and after.at == _NEVER):
        # Conversations in which nobody waits are at the end of the index.
        wanted.require("waiting_since IS NULL")
    if after is not None and after.at == _NEVER:
        wanted.require("channel_id > %s", after.conversation)
    elif after is not None:
        wanted.require(
            "(waiting_since IS NULL OR waiting_since > %s OR (waiting_since = %s AND channel_id > %s))",
            after.at, after.at, after.conversation,
        )  # fmt: skip
    rows = wanted.first(size + 1, order="waiting_since ASC NULLS LAST, channel_id")
    return list(rows.order_by(F("conversation__waiting_since").asc(nulls_last=True), "pk")[: size + 1])


def _resolved(wanted: _Wanted, after: Place | None, size: int) -> list[Ticket]:
    wanted.require("state = 'resolved'")
    if after is not None:
        wanted.require("resolved_at <= %s", after.at)
        wanted.require("(resolved_at < %s OR channel_id < %s)", after.at, after.conversation)
    rows = wanted.first(size + 1, order="resolved_at DESC, channel_id DESC")
    return list(rows.order_by("-conversation__resolved_at", "-pk")[: size + 1])


def _place_of(ticket: Ticket) -> Place:
    row = ticket.conversation
    return Place(row.resolved_at or row.waiting_since or _NEVER, row.pk)
