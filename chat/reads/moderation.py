"""Views of moderators: reports, the audit log, bans, mutes, and earlier versions of messages. Only reads."""

from django.db.models import Q, QuerySet

from chat import shapes
from chat.models import AuditEntry, Ban, Member, Message, MessageVersion, Report, Sanction, SanctionKind, User
from chat.models.audit import AuditQuerySet
from chat.models.ban import BanQuerySet
from chat.models.report import ReportQuerySet
from chat.models.sanction import SanctionQuerySet
from chat.reads import oversight
from chat.rights.standing import moderates_everywhere
from chat.rights.table import KEEPERS
from delivery.wire.errors import Forbidden, NotFound

#: Messages before and after a reported one that are shown with it.
CONTEXT = 3
#: Open reports are counted up to this: beyond it people only read "many".
MOST_COUNTED = 1000


def may_see_all(user: User, permission: str) -> bool:
    return user.is_staff and user.has_perm(permission)


def reports_visible_to(user: User) -> ReportQuerySet:
    """Reports of channels that the user moderates; for staff with the right all reports."""
    rows = Report.objects.select_related("message__sender", "channel", "reporter", "closed_by")
    return rows if may_see_all(user, "chat.view_report") else rows.of_channels_kept_by(user)


def audit_visible_to(user: User) -> AuditQuerySet:
    """The same for the audit log. Raises Forbidden for a user who moderates no channel."""
    rows = AuditEntry.objects.select_related("actor", "whom", "channel")
    if may_see_all(user, "chat.view_auditentry"):
        return rows
    if not _keeps_any(user):
        raise Forbidden("This is for moderators.")
    return rows.of_channels_kept_by(user)


def bans_visible_to(user: User) -> BanQuerySet:
    """All bans, for staff only, because a ban applies everywhere. Raises Forbidden."""
    if not may_see_all(user, "chat.view_ban"):
        raise Forbidden("Only staff see bans.")
    return Ban.objects.select_related("user", "banned_by", "lifted_by")


def sanctions_visible_to(user: User, kind: SanctionKind) -> SanctionQuerySet:
    """What stands of this kind, in the channels that the user keeps; for staff with the right, of what they see."""
    rows = Sanction.objects.standing().filter(kind=kind).select_related("user", "channel", "by")
    if may_see_all(user, "chat.view_sanction"):
        return rows.filter(channel__in=oversight.channels_seen_by(user).values("pk"))
    return rows.filter(_kept_by(user))


def require_keeper(user: User) -> None:
    """Raises Forbidden for a user who keeps no channel and is no staff with a say."""
    if not may_see_all(user, "chat.view_report") and not _keeps_any(user):
        raise Forbidden("This is for moderators.")


def desk_of(user: User) -> shapes.Desk | None:
    """The work that waits for the user, and their rights beyond single channels; None for a user who moderates nothing."""
    if not may_see_all(user, "chat.view_report") and not _keeps_any(user):
        return None
    return shapes.Desk(
        open_reports=count_open(user),
        may_ban=user.is_staff and user.has_perm("chat.ban_user"),
        moderates_everywhere=user.is_staff and user.has_perm("chat.moderate_any_channel"),
    )


def report_visible_to(user: User, pk: int) -> Report:
    """A report that the user may see. Raises NotFound."""
    row = reports_visible_to(user).filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such report.")
    return row


def sees_from_outside(user: User, message: int, *, channel: int) -> bool:
    """Whether it is shown to the user, who is not in its channel: reported to them, or as the staff sees it in the admin."""
    return (
        reports_visible_to(user).filter(message=message).exists()
        or (may_see_all(user, "chat.view_message") and oversight.messages_seen_by_staff().filter(pk=message).exists())
        or oversight.reading_of(user, channel) is not None
    )


def kept_message(user: User, pk: int) -> Message:
    """A message of a channel that the user keeps, or that the staff sees from outside. Raises NotFound, Forbidden."""
    row = Message.objects.select_related("sender", "channel").filter(pk=pk).first()
    member = None if row is None else Member.objects.filter(user=user, channel=row.channel_id).first()
    is_overseen = row is not None and may_see_all(user, "chat.view_messageversion") and oversight.sees(user, row)
    if row is None or (member is None and not is_overseen):
        raise NotFound("There is no such message.")
    if not is_overseen and (member is None or member.role not in KEEPERS):
        raise Forbidden("Only moderators see what messages said before.")
    return row


def place_of_message(user: User, pk: int) -> int:
    """The channel of a message that the user may know of. Raises NotFound."""
    channel = Message.objects.filter(pk=pk).values_list("channel_id", flat=True).first()
    knows = channel is not None and (
        moderates_everywhere(user) or Member.objects.filter(user=user, channel=channel).exists()
    )
    if channel is None or not knows:
        raise NotFound("There is no such message.")
    return channel


def context_of(message: Message) -> list[Message]:
    """The message with a few before and after it, oldest first."""
    rows = Message.objects.filter(channel_id=message.channel_id).for_the_wire()
    before = list(rows.before(message.seq).order_by("-seq")[:CONTEXT])
    return [*before[::-1], *rows.after(message.seq - 1).order_by("seq")[: CONTEXT + 1]]


def versions_of(message: Message) -> "QuerySet[MessageVersion]":
    return MessageVersion.objects.filter(message=message).order_by("number")


def count_open(user: User) -> int:
    """Cases: several reports of one message wait as one."""
    return reports_visible_to(user).open().cases().order_by()[:MOST_COUNTED].count()


def _keeps(user: User, channel: int) -> bool:
    return Member.objects.filter(user=user, channel=channel, role__in=KEEPERS).exists()


def _keeps_any(user: User) -> bool:
    return Member.objects.filter(user=user, role__in=KEEPERS).exists()


def _kept_by(user: User) -> Q:
    kept = Member.objects.filter(user=user, role__in=KEEPERS).values("channel")
    return Q(channel__in=kept)


# ---- as they are spelled for clients ----


def counted_report(row: Report) -> shapes.Report:
    """With how many reported the message."""
    return shapes.report_of(row, reports_of_the_message=Report.objects.filter(message=row.message_id).count())


def report_in_full(row: Report, user: User) -> shapes.ReportInFull:
    """With what was said around it and what it said before; each for those who may see such."""
    keeps = _keeps(user, row.channel_id)
    sees_messages = keeps or may_see_all(user, "chat.view_message")
    sees_versions = keeps or may_see_all(user, "chat.view_messageversion")
    return shapes.in_full(
        counted_report(row),
        context=context_of(row.message) if sees_messages else [],
        versions=versions_of(row.message) if sees_versions else [],
    )


def mute_with_role(row: Sanction) -> shapes.Mute:
    """With the role of who is still a member."""
    member = Member.objects.filter(channel=row.channel_id, user=row.user_id).first()
    return shapes.mute_of(row, role=member.role if member else None)
