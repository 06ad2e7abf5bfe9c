"""Mutes and removals: they belong to (channel, user), so that leaving and coming back ends neither.

All changes happen under the channel's row lock, which posting, joining and removing take too.
"""

import datetime

from django.db.models import F

from chat.allowances.counting import counted, unless_bulk
from chat.allowances.table import MEMBERSHIPS
from chat.models import Act, Member, Message, Sanction, SanctionKind, User
from chat.rights.standing import require_may, require_rank, standing_of
from chat.rights.table import Right
from chat.services import audit, log
from delivery.wire.errors import NotAMember, NotFound, Removed
from delivery.wire.types import spell_time


def mute_member(actor: User, *, channel: int, user: User, until: datetime.datetime | None, reason: str = "") -> None:
    """Mutes a member until a time: their messages are refused with `muted`, also after leaving and coming back. None ends the mute.

    Repeating does nothing. Raises NotAMember for a user who was never in the channel.
    """
    reason = audit.bounded_reason(reason)
    with counted(unless_bulk(MEMBERSHIPS), actor), log.writing(channel) as entry:
        standing = require_may(actor, Right.MUTE, channel=entry.channel, reason=reason)
        member = member_or_former(channel, user)
        log.require(user.pk != actor.pk, "You can't mute yourself.")
        require_rank(standing, member, sentence="Moderators mute only members.", reason=reason)
        if until is None:
            is_changed = _lift(entry, user, SanctionKind.MUTE)
        else:
            is_changed = impose(entry, user, SanctionKind.MUTE, until=until, by=actor, reason=reason)
        if is_changed:
            act = Act.MEMBER_UNMUTED if until is None else Act.MEMBER_MUTED
            details = {"until": spell_time(until)}
            audit.record(act, actor=actor, whom=user.pk, channel=channel, reason=reason, details=details)
            Member.objects.filter(channel=channel, user=user).update(version=F("version") + 1)
            entry.opened(user.pk, "updated")


def readmit_member(actor: User, *, channel: int, user: User, reason: str = "") -> None:
    """Lifts a removal: the person may join by themselves again, if the channel can be joined. Raises NotFound without a removal."""
    reason = audit.bounded_reason(reason)
    with counted(unless_bulk(MEMBERSHIPS), actor), log.writing(channel) as entry:
        require_may(actor, Right.REMOVE, channel=entry.channel, reason=reason)
        log.require(user.pk != actor.pk, "You can't lift your own removal.")
        if not _lift(entry, user, SanctionKind.REMOVAL):
            raise NotFound("This person was not removed, or may come back already.")
        audit.record(Act.MEMBER_READMITTED, actor=actor, whom=user.pk, channel=channel, reason=reason)


def impose(entry: log.Entry, user: User, kind: str, *, until: datetime.datetime | None, by: User, reason: str) -> bool:
    """Within an entry's transaction: imposes the sanction. False if it was imposed so already."""
    if Sanction.objects.standing().filter(channel=entry.channel, user=user, kind=kind, until=until).exists():
        return False
    given = {"until": until, "by": by, "reason": reason, "created_at": entry.now}
    Sanction.objects.update_or_create(channel=entry.channel, user=user, kind=kind, defaults=given)
    return True


def let_in(entry: log.Entry, user: User, *, actor: User, reason: str) -> None:
    """Within an entry's transaction, before a user becomes a member at any door: checks for a removal. Raises Removed.

    A removed user can't join by themselves, and only a member who may remove others can add them, which lifts the removal.
    """
    removals = Sanction.objects.standing().filter(channel=entry.channel, user=user, kind=SanctionKind.REMOVAL)
    removal = removals.first()
    if removal is None:
        return
    if actor.pk == user.pk:
        raise Removed(_sentence(removal.until))
    if standing_of(actor, channel=entry.channel.pk).refusal(Right.REMOVE, entry.channel) is not None:
        raise Removed(
            "This person was removed from this channel: only people who may remove members can add them again."
        )
    require_may(actor, Right.REMOVE, channel=entry.channel, reason=reason)
    removal.delete()
    said = reason or "They were added again."
    audit.record(Act.MEMBER_READMITTED, actor=actor, whom=user.pk, channel=entry.channel.pk, reason=said)


def member_or_former(channel: int, user: User) -> Member | None:
    """The membership; None for a former member. Raises NotAMember for a user who was never in the channel."""
    member = Member.objects.filter(channel=channel, user=user).first()
    if member is None and not _was_here(channel, user):
        raise NotAMember("This person is not a member of the channel.")
    return member


def _was_here(channel: int, user: User) -> bool:
    # A member who left has a line in the log, and a removed one has a sanction.
    was_removed = Sanction.objects.filter(channel=channel, user=user).exists()
    return was_removed or Message.objects.filter(channel=channel, sender=user).exists()


def _lift(entry: log.Entry, user: User, kind: str) -> bool:
    count, _ = Sanction.objects.standing().filter(channel=entry.channel, user=user, kind=kind).delete()
    return count > 0


def _sentence(until: datetime.datetime | None) -> str:
    if until is None:
        return ""
    return f"You were removed from this channel: you can come back from {until:%Y-%m-%d %H:%M} UTC on."
