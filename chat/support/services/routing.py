"""Routing: gives conversations to the agents of an inbox in turn, or to the agent with the fewest; or back to their former agent.

Capacity is counted under the locks of the agents' rows, which every assignment takes (holding.py): no agent gets one too many.
"""

import datetime
import itertools
from collections.abc import Callable

from django.db.models import Count, QuerySet

from chat import clock, prepared_sql
from chat.models import Act, AuditEntry, Conversation
from chat.support.models import Agent, Inbox, Routing
from chat.support.services.due import AT_ONCE, do_each
from chat.support.services.handling import Handling
from chat.support.services.holding import assign_to
from chat.support.services.reserved import reserved_account

#: Conversations without an agent, the longest wait first.
_WAITING = """
SELECT channel_id FROM conversations WHERE assignee_id IS NULL AND waiting_since IS NOT NULL
    AND desk_id = %s AND former_assignee_id IS NULL ORDER BY waiting_since, channel_id LIMIT %s
"""
_RETURNED = """
SELECT channel_id FROM conversations WHERE assignee_id IS NULL AND waiting_since IS NOT NULL
    AND former_assignee_id IS NOT NULL ORDER BY waiting_since LIMIT %s
"""
_NEVER = datetime.datetime.min.replace(tzinfo=datetime.UTC)

#: Whether an agent is present, as far as this process knows.
IsHere = Callable[[int], bool]


def give_back(is_here: IsHere) -> int:
    """Gives reopened conversations to their former agents, if these accept, are present and have room; else frees them. Returns how
    many.
    """

    def act(handled: Handling) -> bool:
        former = handled.row.former_assignee_id
        if not _is_free(handled) or former is None:
            return False
        handled.move(former_assignee=None)
        return _give_first(handled, [agent for agent in _locked(handled.inbox) if agent.user_id == former], is_here)

    return do_each([pk for (pk,) in prepared_sql.rows(_RETURNED, [AT_ONCE])], act)


def route(is_here: IsHere) -> int:
    """Gives waiting conversations, in inboxes with automatic routing, as long as agents have room; returns how many."""
    return sum(_route(inbox, is_here) for inbox in Inbox.objects.exclude(routing=Routing.PULL).order_by("pk"))


def _route(inbox: Inbox, is_here: IsHere) -> int:
    has_room = bool(_with_room(Agent.objects.filter(inbox=inbox)))

    def act(handled: Handling) -> bool:
        nonlocal has_room
        if not _is_free(handled):
            return False
        agents = _locked(handled.inbox)
        has_room = bool(agents)
        gave_up = _who_let_it_lapse(handled.row)
        fresh = [agent for agent in agents if agent.user_id not in gave_up]
        # An agent who let this wait lapse gets it again only if no other agent can take it, and if they are present.
        return _give_first(handled, fresh) or _give_first(handled, agents, is_here)

    # More than there is room for: a conversation that no agent can take does not block those behind it.
    waiting = [pk for (pk,) in prepared_sql.rows(_WAITING, [inbox.desk_id, AT_ONCE])] if has_room else []
    # Another process may be giving the first of them: a customer who has waited for less would come before.
    return do_each(itertools.takewhile(lambda pk: has_room, waiting), act, is_queue=True)


def _is_free(handled: Handling) -> bool:
    return handled.row.assignee_id is None and handled.row.waiting_since is not None


def _give_first(handled: Handling, agents: list[Agent], is_here: IsHere = lambda user: True) -> bool:
    agent = next((agent for agent in agents if is_here(agent.user_id)), None)
    if agent is None:
        return False
    assign_to(handled, agent.user, by=reserved_account())
    Agent.objects.filter(pk=agent.pk).update(given_at=clock.now())
    return True


def _locked(inbox: Inbox) -> list[Agent]:
    """Agents who accept and have room, in their turn. Their rows are locked in the order of their ids, then it is counted."""
    held = _with_room(Agent.objects.filter(inbox=inbox).select_for_update(no_key=True, of=("self",)))
    return [agent for agent, _ in sorted(held, key=lambda one: _turn(inbox, *one))]


def _turn(inbox: Inbox, agent: Agent, held: int) -> tuple[int, datetime.datetime, int]:
    return held if inbox.routing == Routing.LEAST else 0, agent.given_at or _NEVER, agent.pk


def _with_room(agents: "QuerySet[Agent]") -> list[tuple[Agent, int]]:
    accepting = agents.filter(accepting=True, user__is_active=True).select_related("user", "inbox").order_by("pk")
    rows = list(accepting)
    if not rows:
        return []
    held = Conversation.objects.filter(desk=rows[0].inbox.desk_id, assignee__in=[row.user_id for row in rows])
    counts = dict(held.values_list("assignee").annotate(count=Count("pk")).order_by())
    return [(row, counts.get(row.user_id, 0)) for row in rows if counts.get(row.user_id, 0) < row.most]


def _who_let_it_lapse(row: Conversation) -> set[int]:
    """The agents who let the conversation lapse during the customer's present wait."""
    lapses = AuditEntry.objects.filter(channel=row.pk, act=Act.SUPPORT_LAPSED, created_at__gte=row.waiting_since)
    return set(lapses.values_list("whom", flat=True))
