"""Erasing: deletes the messages of resolved conversations and a contact's data for ever; the figures stay.

Messages in reports or in the audit log stay, as evidence.
"""

import datetime
import functools

from django.db import transaction
from django.db.models import Q

from chat import clock
from chat.models import Act, AuditEntry, Channel, Conversation, ConversationState, Message, MessageVersion, Token, User
from chat.naming import looks
from chat.reads.cache import recent
from chat.services import audit, log
from chat.services.credentials import recheck_logins
from chat.services.retention import raise_floor, tell_removals
from chat.support.models import Agent, Contact, Inbox, Mail, Rating, Ticket
from chat.support.services.ending_work import end_agents_work
from chat.support.services.inboxes import require_supervisor
from chat.support.services.reserved import reserved_account
from chat.support.services.seats import unseat_agent
from delivery.wire.errors import Conflict, NotFound

#: The name of an erased visitor.
NOBODY = "Erased visitor"
#: The text that replaces their name in lines of the desk's log.
ERASED = "(erased)"
#: The most conversations that one run erases.
AT_ONCE = 20


def erase_contact(actor: User, *, visitor: int, reason: str) -> int:
    """Ends the visitor's access, and erases their data and their messages; returns the number of conversations.

    Needs a supervisor of the inbox. Raises NotFound, Forbidden, Invalid, or Conflict if a conversation is not resolved.
    """
    with transaction.atomic():
        # The same lock as at the beginning of a conversation: one that begins meanwhile is seen here, or is refused.
        User.objects.select_for_update(no_key=True).filter(pk=visitor).first()
        contact = (
            Contact.objects.select_for_update(of=("self",)).select_related("inbox").filter(visitor=visitor).first()
        )
        if contact is None:
            raise NotFound("There is no such visitor.")
        require_supervisor(actor, contact.inbox)
        reason = audit.checked_reason(reason)
        conversations = Conversation.objects.filter(visitor=visitor).order_by("pk")
        if conversations.exclude(state=ConversationState.RESOLVED).exists():
            raise Conflict("Resolve the visitor's conversations first.")
        if conversations.filter(Q(channel__is_held=True) | Q(notes__is_held=True)).exists():
            raise Conflict("One of the conversations is on hold: nothing of it may be deleted.")
        found = list(conversations.values_list("pk", flat=True))
        if not all(_erase(pk) for pk in found):
            raise Conflict("One of the conversations was reopened or put on hold just now.")
        _forget(contact)
        audit.record(Act.CONTACT_ERASED, actor=actor, whom=visitor, channel=contact.inbox.desk_id, reason=reason)
    return len(found)


def erase_expired() -> int:
    """Erases conversations after their inbox's `keeps_days`; returns how many. May be interrupted and repeated at any time."""
    keeping = Inbox.objects.filter(keeps_days__isnull=False).order_by("pk")
    return sum(_erase_expired_of(inbox) for inbox in keeping.values_list("pk", flat=True))


def forget_agent(user: User) -> int:
    """For an erased agent: frees their conversations, removes them from inboxes, and stops mails; returns the number of inboxes.

    Also removes the last supervisor of an inbox: superusers still supervise it. Repeating does the rest.
    """
    agencies = list(Agent.objects.select_related("user", "inbox").filter(user=user).order_by("pk"))
    # A superuser can hold conversations without being an agent.
    held = Conversation.objects.filter(assignee=user).values_list("desk", flat=True)
    desks = sorted({agent.inbox.desk_id for agent in agencies} | set(held))
    by = reserved_account() if desks else user
    for desk in desks:
        end_agents_work(user, desk=desk, by=by)
    for agent in agencies:
        with log.writing(agent.inbox.desk_id) as entry:
            unseat_agent(entry, agent, actor=by)
    Mail.objects.filter(agent=user).delete()
    return len(agencies)


def _erase_expired_of(pk: int) -> int:
    with transaction.atomic():
        inbox = Inbox.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=pk).first()
        if inbox is None or inbox.keeps_days is None:
            return 0
        old = Conversation.objects.filter(
            desk=inbox.desk_id,
            state=ConversationState.RESOLVED,
            resolved_at__lt=clock.now() - datetime.timedelta(days=inbox.keeps_days),
        )
        old = old.exclude(Q(channel__is_held=True) | Q(notes__is_held=True))
        if inbox.erased_until is not None:
            # Also conversations that were skipped because they were on hold.
            freed = AuditEntry.objects.filter(act=Act.CHANNEL_RELEASED, channel__isnull=False).values("channel")
            late = (Q(channel__in=freed) | Q(notes__in=freed)) & ~Q(channel__name=NOBODY)
            old = old.filter(Q(resolved_at__gt=inbox.erased_until) | late)
        found = list(old.order_by("resolved_at").values_list("pk", "resolved_at")[:AT_ONCE])
        erased = [pk for pk, _ in sorted(found) if _erase(pk)]
        if found:
            until = max(moment for moment in (found[-1][1], inbox.erased_until) if moment is not None)
            Inbox.objects.filter(pk=pk).update(erased_until=until)
    return len(erased)


def _erase(conversation: int) -> bool:
    # A note or a hold that comes meanwhile is seen here, or comes after the erasure.
    log.lock([conversation])
    row = Conversation.objects.filter(pk=conversation, state=ConversationState.RESOLVED).first()
    if row is None:
        return False
    logs = log.lock([conversation] if row.notes_id is None else [conversation, row.notes_id])
    if any(entry.channel.is_held for entry in logs.values()):
        return False
    for entry in logs.values():
        _take_words(entry)
    # Uses its own index: the desk has millions of lines about other conversations.
    said = Message.objects.filter(kind="system", event__conversation=conversation)
    said.update(body=ERASED)
    for channel in (*logs, row.desk_id):
        tell_removals(channel)
        # Redis' copy is not read any more, because the rows differ: this deletes the words in it.
        transaction.on_commit(functools.partial(recent.forget, channel))
    Ticket.objects.filter(pk=conversation).update(page="", locale="", labels=[])
    Rating.objects.filter(conversation=conversation).update(comment="")
    Mail.objects.filter(conversation=conversation).delete()
    return True


def _take_words(entry: log.Entry) -> None:
    channel = entry.channel.pk
    said = list(Message.objects.filter(channel=channel, reports=None, audit=None).values_list("pk", flat=True))
    MessageVersion.objects.filter(message__in=said).delete()
    Message.objects.filter(pk__in=said).delete()
    raise_floor(channel, to=entry.channel.head)
    seen, seen_in_any_case = looks(NOBODY)
    Channel.objects.filter(pk=channel).update(
        name=NOBODY, name_look=seen, name_look_any_case=seen_in_any_case, topic=""
    )


def _forget(contact: Contact) -> None:
    Contact.objects.filter(pk=contact.pk).update(email="", identity="", attributes={})
    User.objects.filter(pk=contact.visitor_id).update(display_name=NOBODY, activity="", is_active=False)
    Token.objects.filter(user=contact.visitor_id).delete()
    recheck_logins(contact.visitor_id)
