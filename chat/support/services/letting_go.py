"""Who is no agent of an inbox any more holds nothing there, and is in none of its conversations."""

from django.db import transaction
from django.db.models import F, Q

from chat import clock
from chat.models import Channel, Conversation, Member, User
from chat.services import log
from chat.services.members import dismiss
from chat.support.services.handling import Handling, handling
from chat.support.services.holding import let_go

#: Conversations in one transaction.
AT_ONCE = 500


def end_work(user: User, *, desk: int, by: User) -> None:
    """Each conversation in a transaction of its own: whoever holds several would hold up the desk. Repeating finds what is left."""
    logs = list(Member.objects.of([user.pk]).listed().values_list("channel", flat=True))
    # Whoever has only written a note is in the notes alone.
    theirs = Conversation.objects.filter(Q(channel__in=logs) | Q(notes__in=logs) | Q(assignee=user), desk=desk)
    for pk in theirs.order_by("pk").values_list("pk", flat=True):
        with handling(pk) as handled:
            _leave(handled, user, by)
    while _forget_old_ones(user, desk):
        pass


def _leave(handled: Handling, user: User, by: User) -> None:
    if handled.row.assignee_id == user.pk:
        name = user.get_full_name()
        let_go(handled, kind="conversation.released", by=by, sentence=f"{name} is no agent any more: {{}} is free")
    for entry in (handled.entry, handled.notes):
        member = None if entry is None else Member.objects.filter(channel=entry.channel, user=user).first()
        if entry is not None and member is not None:
            sentence = f"{entry.person(user).display_name} left"
            dismiss(entry, member, actor=user, event="member.left", sentence=sentence)


@transaction.atomic
def _forget_old_ones(user: User, desk: int) -> bool:
    """Some of them, for somebody may have tens of thousands; whether there were any."""
    # Long resolved ones are followed by no socket: their logs, which are their customers' too, stay as they are.
    of_desk = Q(channel__conversation__desk=desk) | Q(channel__noted__desk=desk)
    rows = Member.objects.of([user.pk]).filter(of_desk, listed_until__lte=clock.now())
    channels = list(log.lock(rows.values_list("channel", flat=True)[:AT_ONCE]))
    if channels:
        Member.objects.filter(user=user, channel__in=channels).delete()
        Channel.objects.filter(pk__in=channels).update(member_count=F("member_count") - 1)
    return bool(channels)
