"""Ends the work of a removed agent: releases their conversations of the inbox, and ends their memberships in its logs."""

from django.db import transaction
from django.db.models import F, Q

from chat import clock
from chat.models import Channel, Conversation, Member, User
from chat.services import log
from chat.services.members import end_membership
from chat.support.services.handling import Handling, handling
from chat.support.services.holding import release_held

#: The most conversations in one transaction.
AT_ONCE = 500


def end_agents_work(user: User, *, desk: int, by: User) -> None:
    """Releases each conversation in its own transaction, because locking several would block the desk.

    `desk`: the id of the inbox's desk; `by`: the user who removes the agent. After an interruption, calling it again does the rest.
    """
    logs = list(Member.objects.of([user.pk]).listed().values_list("channel", flat=True))
    # An agent who has only written a note is a member of the notes alone.
    theirs = Conversation.objects.filter(Q(channel__in=logs) | Q(notes__in=logs) | Q(assignee=user), desk=desk)
    for pk in theirs.order_by("pk").values_list("pk", flat=True):
        with handling(pk) as handled:
            _leave(handled, user, by)
    while _forget_old_ones(user, desk):
        pass


def _leave(handled: Handling, user: User, by: User) -> None:
    if handled.row.assignee_id == user.pk:
        name = user.get_full_name()
        release_held(
            handled, kind="conversation.released", by=by, sentence=f"{name} is no agent any more: {{}} is free"
        )
    for entry in (handled.entry, handled.notes):
        member = None if entry is None else Member.objects.filter(channel=entry.channel, user=user).first()
        if entry is not None and member is not None:
            sentence = f"{entry.person(user).display_name} left"
            end_membership(entry, member, actor=user, event="member.left", sentence=sentence)


@transaction.atomic
def _forget_old_ones(user: User, desk: int) -> bool:
    """Ends some memberships, because an agent may have tens of thousands; returns whether there were any."""
    # No socket follows conversations that were resolved long ago: their logs, which customers read too, get no line.
    of_desk = Q(channel__conversation__desk=desk) | Q(channel__noted__desk=desk)
    rows = Member.objects.of([user.pk]).filter(of_desk, listed_until__lte=clock.now())
    channels = list(log.lock(rows.values_list("channel", flat=True)[:AT_ONCE]))
    if channels:
        Member.objects.filter(user=user, channel__in=channels).delete()
        Channel.objects.filter(pk__in=channels).update(member_count=F("member_count") - 1)
    return bool(channels)
