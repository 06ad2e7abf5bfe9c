"""Retention: deletes messages that are older than the operator keeps them, by number, batch by batch; and ended logins."""

import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q

from chat.models import Channel, Invite, Message, MessageVersion, PasswordLink, SignInAddress, Token
from chat.models.message import MessageQuerySet
from chat.services.retention import raise_floor
from chat.tools.measuring_accounts import delete_measuring_accounts

#: How long an address of a sign-in is remembered.
ADDRESS_DAYS = 180


def prunable(channel: int, *, before: datetime.datetime) -> int:
    """How many messages prune_messages would delete."""
    return _old(channel, before).count()


def prune_messages(channel: int, *, before: datetime.datetime, most: int) -> int:
    """Deletes at most `most` of the oldest messages, in one transaction; returns how many.

    The channel's floor moves, and tell_removals tells clients. Messages that were changed since then stay, because a client may
    still need the replay of the change; so do messages in reports or in the audit log, and whole threads of which a part stays. A
    repeat of such an old message would be a new message: no client repeats for so long.
    """
    with transaction.atomic():
        found = list(_old(channel, before).order_by("seq").values_list("pk", "seq")[:most])
        ids = [pk for pk, _ in found]
        MessageVersion.objects.filter(message_id__in=ids).delete()
        Message.objects.filter(pk__in=ids).delete()
        if found and not raise_floor(channel, to=found[-1][1]):
            # The channel was put on hold just now.
            transaction.set_rollback(True)
            return 0
    return len(ids)


def prune_logins(*, now: datetime.datetime) -> int:
    """Deletes expired sessions and tokens; returns how many.

    Also deletes invalid invitations, addresses that people have not used for long, and remains of measurements that were killed.
    """
    PasswordLink.objects.filter(expires_at__lt=now).delete()
    Invite.objects.exclude(pk__in=Invite.objects.standing()).delete()
    SignInAddress.objects.filter(last_at__lt=now - datetime.timedelta(days=ADDRESS_DAYS)).delete()
    sessions, _ = Session.objects.filter(expire_date__lt=now).delete()
    delete_measuring_accounts()
    tokens, _ = Token.objects.filter(expires_at__lt=now).delete()
    return sessions + tokens


def channels_to_prune(*, days: int) -> list[tuple[int, int]]:
    """(channel, days to keep) for each channel with a limit that is not on hold. `days`: for channels without their own days."""
    rows = Channel.objects.filter(is_held=False).order_by("pk").values_list("pk", "keeps_days")
    kept = [(channel, days if own is None else own) for channel, own in rows]
    return [(channel, most) for channel, most in kept if most]


def _old(channel: int, before: datetime.datetime) -> MessageQuerySet:
    older = Message.objects.filter(channel_id=channel, created_at__lt=before)
    # A batch has one time, and its last message has the highest number: everything that changed later has a higher one.
    last = older.order_by("-created_at", "-seq").values_list("seq", flat=True).first() or 0
    is_old = Q(seq__lte=last, rev__lte=last, reports=None, audit=None)
    # A thread is deleted as a whole: else its root would count missing replies, or replies would be shown without a root.
    kept = Message.objects.filter(channel_id=channel, thread__isnull=False).exclude(is_old)
    is_held = Q(pk__in=kept.values("thread")) | Q(thread__in=kept.values("thread"))
    roots = Message.objects.filter(channel_id=channel, last_reply_seq__isnull=False).exclude(is_old)
    return older.filter(is_old).exclude(is_held).exclude(thread__in=roots.values("pk"))
