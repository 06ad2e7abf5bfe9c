"""A member's own settings of a channel: what notifies them, and where the channel is in their list."""

from django.db.models import F

from chat.allowances.counting import counted
from chat.allowances.table import MEMBERSHIPS
from chat.models import Member, User
from chat.naming import clean_name
from chat.rights.standing import require_membership
from chat.services import log

SECTION_CHARACTERS = 40


def arrange_channel(
    user: User,
    *,
    channel: int,
    notify_level: str | None = None,
    favourite: bool | None = None,
    section: str | None = None,
) -> Member:
    """Changes the member's settings, on all devices; None leaves a setting as it is. Repeating does nothing.

    `section`: a heading in the member's list, empty for none.

    Raises NotAMember, NotFound, Invalid, RateLimited.
    """
    if section is not None:
        section = clean_name(section, what="A section's name", most=SECTION_CHARACTERS)
    chosen = {"notify_level": notify_level, "is_favourite": favourite, "section": section}
    with counted(MEMBERSHIPS, user), log.writing(channel) as entry:
        member = require_membership(user.pk, channel=channel)
        changed = {
            name: value for name, value in chosen.items() if value is not None and value != getattr(member, name)
        }
        if changed:
            for name, value in changed.items():
                setattr(member, name, value)
            Member.objects.filter(pk=member.pk).update(**changed, version=F("version") + 1)
            entry.opened(user.pk, "updated")
        return member


def order_channels(user: User, *, unread_first: bool) -> None:
    """Sets how pages order the user's list of channels, on all devices."""
    User.objects.filter(pk=user.pk).update(unread_first=unread_first)
