"""What staff see of channels of which they are no members: public and reported messages. Only reads.

Staff can read private and direct conversations only after a verb that asks for a reason (services/inspecting.py), and for a limited
time. Staff who moderate every channel see that a private channel exists, its name and its members. The members of a direct
conversation are as secret as its messages. All this applies to superusers too.
"""

from django.db.models import Model, Q, QuerySet

from chat import clock
from chat.models import Act, AuditEntry, Channel, ChannelKind, Member, Message, Report, Sanction, User
from chat.rights.standing import moderates_everywhere
from chat.services.inspecting import READING


def messages_seen_by_staff() -> "QuerySet[Message]":
    """Messages of public channels, and reported messages."""
    public = Channel.objects.filter(kind=ChannelKind.PUBLIC).values("pk")
    return Message.objects.filter(Q(channel__in=public) | Q(pk__in=Report.objects.values("message")))


def channels_seen_by(user: User) -> "QuerySet[Channel]":
    rows = Channel.objects.all()
    return rows if moderates_everywhere(user) else rows.filter(kind=ChannelKind.PUBLIC)


def members_seen_by(user: User) -> "QuerySet[Member]":
    rows = Member.objects.with_mutes().exclude(channel__kind=ChannelKind.DIRECT)
    return rows if moderates_everywhere(user) else rows.filter(channel__kind=ChannelKind.PUBLIC)


def sanctions_seen_by(user: User) -> "QuerySet[Sanction]":
    """Sanctions that this member of the staff sees. Of mutes in direct conversations only those that they have imposed."""
    rows = Sanction.objects.filter(channel__in=channels_seen_by(user).values("pk"))
    return rows.exclude(Q(channel__kind=ChannelKind.DIRECT) & ~Q(by=user))


def sees(user: User, row: Model) -> bool:
    """Whether the row's page is shown to this one of the staff, who may see rows of that kind."""
    match row:
        case Message():
            return messages_seen_by_staff().filter(pk=row.pk).exists()
        case Channel():
            return row.kind == ChannelKind.PUBLIC or moderates_everywhere(user)
        case Member():
            return members_seen_by(user).filter(pk=row.pk).exists()
    return True


def reading_of(user: User, channel: int) -> AuditEntry | None:
    """The line of the audit log that lets the user read the channel now; None if there is none, or its time is over."""
    if not moderates_everywhere(user):
        return None
    lines = AuditEntry.objects.filter(actor=user, act=Act.CHANNEL_READ, channel=channel)
    return lines.filter(created_at__gt=clock.now() - READING).order_by("-pk").first()
