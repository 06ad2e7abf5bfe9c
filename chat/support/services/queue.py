"""The queue as it is read: conversations of the inboxes that somebody is an agent of, the longest wait first."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Min, Q, QuerySet

from chat.models import Conversation, ConversationState, User
from chat.support.models import Ticket
from chat.support.services.inboxes import inboxes_of
from chat.support.services.standing import require_agent
from delivery.wire.errors import NotFound

#: Where nobody waits: at the end of the queue.
_NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)
TicketRows = QuerySet[Ticket]
_ALONG = ("conversation__channel", "conversation__visitor", "conversation__assignee", "inbox")


@dataclass(frozen=True, slots=True)
class Place:
    """In the queue; where a page ended."""

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
    """A page, and where the next one begins. `state` None: all but resolved ones; those come latest first.

    `whose`: mine, unassigned or all. Raises NotFound for an inbox that the user is no agent of.
    """
    rows = Ticket.objects.filter(conversation__desk__in=_desks(user, inbox)).select_related(*_ALONG)
    if whose == "mine":
        rows = rows.filter(conversation__assignee=user)
    elif whose == "unassigned":
        rows = rows.filter(conversation__assignee=None)
    if visitor is not None:
        rows = rows.filter(conversation__visitor=visitor)
    found = _resolved(rows, after, size) if state == ConversationState.RESOLVED else _waiting(rows, state, after, size)
    following = _place_of(found[size - 1]) if len(found) > size else None
    return found[:size], following


def ticket_of(user: User, *, conversation: int) -> Ticket:
    """For the inbox's agents. Raises NotFound."""
    ticket = Ticket.objects.select_related(*_ALONG).filter(pk=conversation).first()
    if ticket is None:
        raise NotFound
    require_agent(user, ticket.inbox)
    return ticket


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """Of the conversations that are not resolved, and those of them in which a customer waits for somebody."""

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


def _waiting(rows: TicketRows, state: str | None, after: Place | None, size: int) -> list[Ticket]:
    rows = rows.exclude(conversation__state=ConversationState.RESOLVED)
    if state is not None:
        rows = rows.filter(conversation__state=state)
    if after is not None:
        later = Q(conversation__waiting_since=None, pk__gt=after.conversation)
        if after.at != _NEVER:
            later = Q(conversation__waiting_since=None) | Q(conversation__waiting_since__gt=after.at)
            later |= Q(conversation__waiting_since=after.at, pk__gt=after.conversation)
        rows = rows.filter(later)
    return list(rows.order_by(F("conversation__waiting_since").asc(nulls_last=True), "pk")[: size + 1])


def _resolved(rows: TicketRows, after: Place | None, size: int) -> list[Ticket]:
    rows = rows.filter(conversation__state=ConversationState.RESOLVED)
    if after is not None:
        same = Q(conversation__resolved_at=after.at, pk__lt=after.conversation)
        rows = rows.filter(Q(conversation__resolved_at__lt=after.at) | same)
    return list(rows.order_by("-conversation__resolved_at", "-pk")[: size + 1])


def _place_of(ticket: Ticket) -> Place:
    row = ticket.conversation
    return Place(row.resolved_at or row.waiting_since or _NEVER, row.pk)
