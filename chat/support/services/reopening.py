"""Snoozing, resolving and reopening conversations, and marking them as pending."""

import datetime
import uuid

from django.conf import settings
from django.db import transaction
from django.db.models import F

from chat import clock
from chat.allowances.counting import counted
from chat.allowances.table import DESK_ACTS
from chat.models import Conversation, ConversationState, Member, Message, MessageKind, User
from chat.models.member import MemberQuerySet
from chat.support.desk_facts import RESOLVED
from chat.support.services.answering import answer
from chat.support.services.handling import LEASE, Handling, handling
from chat.support.services.standing import require_agent
from delivery.wire.errors import Conflict, Invalid


@transaction.atomic
def resolve(
    actor: User,
    *,
    conversation: int,
    client_msg_id: uuid.UUID | None = None,
    body: str = "",
    seen_seq: int | None = None,
    files: tuple[int, ...] = (),
) -> Conversation:
    """Resolves the conversation, with or without a last answer, in one transaction; nobody holds it then. Repeating does nothing.

    A repeat with the answer does nothing either if it was reopened since: an agent's page repeats until it has heard of the first.
    A customer's message within the inbox's `reopen_days` reopens it. Raises the refusals of the answer, and NotFound.
    """
    is_done = False
    with counted(DESK_ACTS, actor):
        if client_msg_id is not None:
            answer(
                actor,
                conversation=conversation,
                client_msg_id=client_msg_id,
                body=body,
                seen_seq=seen_seq,
                files=files,
            )
            is_done = _was_resolved_after(actor, conversation, client_msg_id)
        with handling(conversation) as handled:
            require_agent(actor, handled.inbox)
            if handled.row.state != ConversationState.RESOLVED and not is_done:
                settle(handled, by=actor)
    return handled.row


def _was_resolved_after(actor: User, conversation: int, client_msg_id: uuid.UUID) -> bool:
    said = Message.objects.get(sender=actor, client_msg_id=client_msg_id)
    after = Message.objects.filter(channel=conversation, kind=MessageKind.SYSTEM, seq__gt=said.seq)
    return after.filter(event__type=RESOLVED).exists()


def settle(handled: Handling, *, by: User) -> None:
    """Resolves it from any state, and tells the customer and the desk. A day later it leaves the agents' lists."""
    row, now = handled.row, clock.now()
    since = row.waiting_since
    handled.move(
        state=ConversationState.RESOLVED,
        former_assignee=row.assignee or row.former_assignee,
        resolved_at=now,
        reopens_until=now + datetime.timedelta(days=handled.inbox.reopen_days),
        **_NOBODY_WAITS,
        **_NOBODY_HOLDS,
    )
    _members_of(row).update(listed_until=now + datetime.timedelta(hours=settings.LIMITS.resolved_hours))
    handled.tell_customer(RESOLVED, "The conversation is resolved")
    handled.tell_desk(RESOLVED, f"{by.get_full_name()} resolved {_name(row)}", by=by, since=since)


def reopen(actor: User, *, conversation: int) -> Conversation:
    """Opens a resolved (in a new episode), pending or snoozed conversation. Repeating does nothing. Raises NotFound."""
    with counted(DESK_ACTS, actor), handling(conversation) as handled:
        require_agent(actor, handled.inbox)
        open_again(handled, by=actor)
        wake(handled, by=actor)
    return handled.row


def open_again(handled: Handling, *, by: User) -> None:
    """Reopens a resolved conversation, in a new episode, and puts it back into the agents' lists. Other states stay as they are."""
    if handled.row.state != ConversationState.RESOLVED:
        return
    handled.move(state=ConversationState.OPEN, episode=F("episode") + 1, resolved_at=None, reopens_until=None)
    _members_of(handled.row).update(listed_until=None)
    for member in handled.members():
        (handled.entry if member.channel_id == handled.row.pk else handled.notes or handled.entry).opened(
            member.user_id, "joined"
        )
    handled.tell_customer("conversation.reopened", "The conversation is open again")
    handled.tell_desk("conversation.reopened", f"{by.get_full_name()} reopened {_name(handled.row)}", by=by)


def wake(handled: Handling, *, by: User) -> None:
    """Opens a snoozed or pending conversation: a customer who waited before keeps their place; its agent gets a new lease."""
    row = handled.row
    if row.state not in (ConversationState.SNOOZED, ConversationState.PENDING):
        return
    lease = {} if row.assignee_id is None else {"lease_until": LEASE}
    waiting = {"waiting_since": row.waited_since, "waited_since": None}
    handled.move(state=ConversationState.OPEN, snoozed_until=None, **waiting, **lease)
    sentence = f"{by.get_full_name()} opened {_name(row)} again"
    handled.tell_notes("conversation.reopened", sentence, by=by)
    handled.tell_desk("conversation.reopened", sentence, by=by)


def snooze(actor: User, *, conversation: int, until: datetime.datetime) -> Conversation:
    """Snoozes it until a time, or until the customer writes. Raises Invalid, Conflict for a resolved conversation, NotFound."""
    most = settings.LIMITS.snooze_days
    now = clock.now()
    if not now < until <= now + datetime.timedelta(days=most):
        raise Invalid(f"A snooze must end within the next {most} days.")
    with counted(DESK_ACTS, actor), handling(conversation) as handled:
        require_agent(actor, handled.inbox)
        row = handled.row
        _require_unresolved(row)
        handled.move(
            state=ConversationState.SNOOZED,
            snoozed_until=until,
            waiting_since=None,
            waited_since=row.waiting_since or row.waited_since,
            former_snooze=None,
        )
        sentence = f"{actor.get_full_name()} snoozed {_name(row)}"
        handled.tell_notes("conversation.snoozed", sentence, by=actor)
        handled.tell_desk("conversation.snoozed", sentence, by=actor, since=row.waiting_since)
    return handled.row


def set_pending(actor: User, *, conversation: int) -> Conversation:
    """Marks it as pending: the desk waits for the customer's answer. Raises Conflict for a resolved conversation, NotFound."""
    with counted(DESK_ACTS, actor), handling(conversation) as handled:
        require_agent(actor, handled.inbox)
        row = handled.row
        _require_unresolved(row)
        if row.state != ConversationState.PENDING:
            handled.move(state=ConversationState.PENDING, **_NOBODY_WAITS)
            sentence = f"{actor.get_full_name()} waits for {_name(row)}"
            handled.tell_notes("conversation.pending", sentence, by=actor)
            handled.tell_desk("conversation.pending", sentence, by=actor, since=row.waiting_since)
    return handled.row


_NOBODY_WAITS = {"waiting_since": None, "waited_since": None, "snoozed_until": None}
_NOBODY_HOLDS = {"assignee": None, "lease_until": None}


def _require_unresolved(row: Conversation) -> None:
    if row.state == ConversationState.RESOLVED:
        raise Conflict("This conversation is resolved: open it again first.")


def _members_of(row: Conversation) -> MemberQuerySet:
    channels = [row.pk] if row.notes_id is None else [row.pk, row.notes_id]
    return Member.objects.filter(channel__in=channels).exclude(user=row.visitor_id)


def _name(row: Conversation) -> str:
    return row.visitor.get_full_name()
