"""What of a channel a member wants to be notified of."""

from django.db.models import F

from chat.allowances.counting import counted
from chat.allowances.table import MEMBERSHIPS
from chat.models import Member, User
from chat.rights.standing import require_membership
from chat.services import log


def choose_notify_level(user: User, *, channel: int, level: str) -> Member:
    """All, mentions or nothing, on all devices; the same again does nothing. Raises NotAMember, NotFound, RateLimited."""
    with counted(MEMBERSHIPS, user), log.writing(channel) as entry:
        member = require_membership(user.pk, channel=channel)
        if member.notify_level != level:
            member.notify_level = level
            Member.objects.filter(pk=member.pk).update(notify_level=level, version=F("version") + 1)
            entry.opened(user.pk, "updated")
        return member
