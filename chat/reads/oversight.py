"""What the staff sees of channels from outside: what is public, and what was reported. Only reads.

Private and direct conversations are read after a verb that asks for a reason (services/inspecting.py), and only as long
as that lasts. Who moderates every channel sees that a private one exists, its name and its members; who is in a direct
conversation is part of the conversation. Superusers too.
"""

from django.db.models import Model, Q, QuerySet

from chat import clock
from chat.models import Act, AuditEntry, Channel, ChannelKind, Member, Message, Report, Sanction, User
from chat.rights.standing import moderates_everywhere
from chat.services.inspecting import READING


def messages_seen_by_staff() -> "QuerySet[Message]":
    """Those of public channels, and reported ones."""
    public = Channel.objects.filter(kind=ChannelKind.PUBLIC).values("pk")
    return Message.objects.filter(Q(channel__in=public) | Q(pk__in=Report.objects.values("message")))


def channels_seen_by(user: User) -> "QuerySet[Channel]":
    rows = Channel.objects.all()
    return rows if moderates_everywhere(user) else rows.filter(kind=ChannelKind.PUBLIC)


def members_seen_by(user: User) -> "QuerySet[Member]":
    rows = Member.objects.with_mutes().exclude(channel__kind=ChannelKind.DIRECT)
    return rows if moderates_everywhere(user) else rows.filter(channel__kind=ChannelKind.PUBLIC)


def sanctions_seen_by(user: User) -> "QuerySet[Sanction]":
    """Who is in a direct conversation is part of it: of its mutes one sees those that one has given."""
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
    """The line of the audit log that lets the user read the channel now; None when there is none, or not any more."""
    if not moderates_everywhere(user):
        return None
    lines = AuditEntry.objects.filter(actor=user, act=Act.CHANNEL_READ, channel=channel)
    return lines.filter(created_at__gt=clock.now() - READING).order_by("-pk").first()
