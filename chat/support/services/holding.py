"""Holding conversations: claim, release, assign, take over. Work renews the lease, and it ends only while the customer waits."""

from chat import prepared_sql
from chat.allowances.counting import counted
from chat.allowances.table import DESK_ACTS
from chat.models import Act, Conversation, User
from chat.services import audit, log
from chat.support.models import Agent, Inbox
from chat.support.services.entering import join
from chat.support.services.handling import LEASE, Handling, handling
from chat.support.services.reopening import open_again
from chat.support.services.standing import require_agent, works_here
from delivery.wire.errors import AtCapacity, Claimed, Invalid, NotFound
from delivery.wire.frames import Person
from delivery.wire.types import spell_time

#: Whether the lease has ended, by PostgreSQL's clock, and only while the customer waits.
_HAS_LAPSED = """
SELECT waiting_since IS NOT NULL AND lease_until < clock_timestamp() FROM conversations WHERE channel_id = %s
"""


def claim(actor: User, *, conversation: int) -> Conversation:
    """Assigns the conversation to the actor if it is free, theirs already, or its lease has ended; reopens a resolved one.

    Raises Claimed, AtCapacity, or NotFound for a user who is no agent of its inbox.
    """
    with counted(DESK_ACTS, actor), handling(conversation) as handled:
        require_agent(actor, handled.inbox)
        holder = handled.row.assignee
        if holder is not None and holder.pk != actor.pk and not _is_free(handled, holder):
            raise Claimed(_person(holder), spell_time(handled.row.lease_until) or "")
        assign_to(handled, actor, by=actor)
    return handled.row


def release(actor: User, *, conversation: int) -> Conversation:
    """Frees the conversation; the customer keeps their place in the queue. Repeating does nothing.

    Only the conversation's agent and supervisors may, else Forbidden.
    """
    with counted(DESK_ACTS, actor), handling(conversation) as handled:
        standing = require_agent(actor, handled.inbox)
        holder = handled.row.assignee
        if holder is not None:
            may = standing.supervises or holder.pk == actor.pk
            log.require(may, "Only the conversation's agent or a supervisor can release it.")
            release_held(
                handled, kind="conversation.released", by=actor, sentence=f"{actor.get_full_name()} released {{}}"
            )
    return handled.row


def assign(actor: User, *, conversation: int, agent: User) -> Conversation:
    """Assigns the conversation to another agent of the inbox. Only its agent and supervisors may, else Forbidden.

    Raises Invalid for a user who is no agent there, AtCapacity.
    """
    with counted(DESK_ACTS, actor), handling(conversation) as handled:
        standing = require_agent(actor, handled.inbox)
        may = standing.supervises or handled.row.assignee_id == actor.pk
        log.require(may, "Only the conversation's agent or a supervisor can assign it.")
        if not works_here(agent, handled.inbox):
            raise Invalid("This person is no agent of the inbox.")
        _hand_over(handled, agent, by=actor, act=Act.SUPPORT_ASSIGNED, word="assigned this to")
    return handled.row


def take_over(actor: User, *, conversation: int) -> Conversation:
    """Assigns the conversation to the actor even if another agent holds it; the desk and the audit log say so. Raises AtCapacity,
    NotFound.
    """
    with counted(DESK_ACTS, actor), handling(conversation) as handled:
        require_agent(actor, handled.inbox)
        _hand_over(handled, actor, by=actor, act=Act.SUPPORT_TAKEN, word="took this over from")
    return handled.row


def assign_to(handled: Handling, agent: User, *, by: User) -> None:
    """Assigns the conversation to the agent, who becomes a member of it and its notes; the customer is told who answers.

    An agent who holds it already gets a new lease. A resolved conversation is reopened. Raises AtCapacity.
    """
    if handled.row.assignee_id == agent.pk:
        handled.move(lease_until=LEASE)
        return
    require_capacity(handled.inbox, agent)
    open_again(handled, by=by)
    handled.move(assignee=agent, lease_until=LEASE, former_assignee=None)
    join(handled, agent)
    name = agent.get_full_name()
    sentence = f"{name} claimed {handled.row.visitor.get_full_name()}"
    if by.pk != agent.pk:
        sentence = f"{by.get_full_name()} assigned {handled.row.visitor.get_full_name()} to {name}"
    handled.tell_desk("conversation.claimed", sentence, by=by)


def release_held(handled: Handling, *, kind: str, by: User, sentence: str) -> None:
    """Frees the conversation; it keeps its place. `sentence` has a gap for the customer's name; the notes get it too."""
    handled.move(assignee=None, lease_until=None)
    said = sentence.format(handled.row.visitor.get_full_name())
    handled.tell_notes(kind, said, by=by)
    handled.tell_desk(kind, said, by=by)


def require_capacity(inbox: Inbox, user: User) -> None:
    """Checks the agent's capacity, and locks their row until the commit, so that two assignments at once are counted exactly.

    A caller that locks several such rows locks them by id. Held conversations count in every state until they are resolved. Raises
    AtCapacity, or NotFound for an agent who was removed just now.
    """
    rows = Agent.objects.select_for_update(no_key=True, of=("self",)).select_related("inbox")
    agent = rows.filter(inbox=inbox, user=user).first()
    if agent is None and not user.is_superuser:
        raise NotFound
    if agent is not None and count_held(inbox, user) >= agent.most:
        raise AtCapacity(f"{user.get_full_name()} holds {agent.most} conversations, and no more at a time.")


def count_held(inbox: Inbox, user: User) -> int:
    return Conversation.objects.filter(desk=inbox.desk_id, assignee=user).count()


def _is_free(handled: Handling, holder: User) -> bool:
    [(has_lapsed,)] = prepared_sql.rows(_HAS_LAPSED, [handled.row.pk])
    return has_lapsed or not works_here(holder, handled.inbox)


def _hand_over(handled: Handling, agent: User, *, by: User, act: Act, word: str) -> None:
    holder = handled.row.assignee
    if holder is not None and holder.pk == agent.pk:
        handled.move(lease_until=LEASE)
        return
    assign_to(handled, agent, by=by)
    whom = agent if act == Act.SUPPORT_ASSIGNED else holder
    details = {"from": None if holder is None else holder.pk, "to": agent.pk}
    audit.record(act, actor=by, whom=agent.pk, channel=handled.row.pk, details=details)
    if whom is not None:
        sentence = f"{by.get_full_name()} {word} {whom.get_full_name()}"
        handled.tell_notes("conversation.claimed", sentence, by=by, user=agent)


def _person(user: User) -> Person:
    return Person(user.pk, user.username, user.get_full_name())
