"""Mails to absent agents: a new customer waits, a conversation was assigned to them, an answer is due soon."""

import datetime
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Least

from chat import clock
from chat.models import Conversation, Member, User
from chat.support.desk_facts import Fact
from chat.support.models import Agent, Inbox, Mail, MailKind, Ticket
from chat.support.schedule import Schedule, is_open, next_opening, schedule_of
from chat.support.services.mailing import AT_ONCE, is_mailing

#: For older events no mail is written: the queue shows them.
STALE_HOURS = 12
_NEW = ("conversation.begun", "conversation.reopened")


def write_agent_mails(inbox: Inbox, facts: Sequence[Fact], *, hours: Schedule | None) -> None:
    """Writes mails for changes of the desk's log, in the transaction that counts them: each once. Sent while the inbox is open."""
    stale = clock.now() - datetime.timedelta(hours=STALE_HOURS)
    told = [fact for fact in facts if fact.at > stale and _is_news(fact)]
    if not told or not inbox.mail_from:
        return
    agents = {agent.user_id: agent.user for agent in _reachable(inbox)}
    mails = []
    for fact in told:
        due_at = next_opening(fact.at + datetime.timedelta(seconds=settings.LIMITS.unread_mail_seconds), hours)
        kind = MailKind.NEW if fact.assignee is None else MailKind.ASSIGNED
        for user in agents.values() if fact.assignee is None else [agents.get(fact.assignee)]:
            if user is not None and due_at is not None:
                mails.append(_mail(fact.conversation, kind, fact.number, user, due_at))
    # Constraint support_mail_once.
    Mail.objects.bulk_create(mails, ignore_conflicts=True)


def warn_of_dues() -> int:
    """One mail for each near due time, to the conversation's agent, else to all agents who accept; never outside the hours."""
    if not is_mailing():
        return 0
    inboxes = Inbox.objects.exclude(mail_from="").select_related("hours").order_by("pk")
    return sum(_warn_in(inbox) for inbox in inboxes)


def _warn_in(inbox: Inbox) -> int:
    now = clock.now()
    soon = now + datetime.timedelta(seconds=settings.LIMITS.due_soon_seconds)
    near = Q(first_due__lte=soon) | Q(next_due__lte=soon) | Q(solve_due__lte=soon)
    found = Ticket.objects.filter(near, inbox=inbox).annotate(due=Least("first_due", "next_due", "solve_due"))
    tickets = list(found.exclude(warned_for=F("due")).select_related("conversation").order_by("pk")[:AT_ONCE])
    if not tickets or not is_open(now, schedule_of(inbox.hours)):
        return 0
    agents = list(_reachable(inbox))
    mails = []
    for ticket in tickets:
        number = int(ticket.due.timestamp())
        for user in _told(ticket.conversation, agents):
            mails.append(_mail(ticket.pk, MailKind.DUE, number, user, now))
        Ticket.objects.filter(pk=ticket.pk).update(warned_for=ticket.due)
    Mail.objects.bulk_create(mails, ignore_conflicts=True)
    return len(mails)


def _is_news(fact: Fact) -> bool:
    if fact.assignee is None:
        return fact.kind in _NEW
    # An agent who claims a conversation needs no mail about it.
    return fact.waiting_since is not None and fact.by != fact.assignee


def _reachable(inbox: Inbox) -> Iterable[Agent]:
    """Agents with an address who accept conversations, and whom no process has seen lately."""
    lately = clock.now() - datetime.timedelta(seconds=settings.LIMITS.unread_mail_seconds)
    seen = Member.objects.filter(channel=inbox.desk_id, last_seen__gte=lately).values("user")
    able = Agent.objects.filter(inbox=inbox, accepting=True, user__is_active=True).exclude(user__email="")
    return able.exclude(user__in=seen).select_related("user").order_by("pk")


def _told(conversation: Conversation, agents: Sequence[Agent]) -> list[User]:
    return [agent.user for agent in agents if conversation.assignee_id in (None, agent.user_id)]


def _mail(conversation: int, kind: MailKind, number: int, user: User, due_at: datetime.datetime) -> Mail:
    return Mail(conversation_id=conversation, kind=kind, number=number, agent=user, address=user.email, due_at=due_at)
