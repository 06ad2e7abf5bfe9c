"""What those who keep order may see: reports, the audit log, bans, mutes, and what messages said before. Only reads."""

from typing import Any

import msgspec
from django.db.models import Q, QuerySet

from chat import shapes
from chat.models import AuditEntry, Ban, Channel, Member, Message, MessageVersion, Report, Sanction, SanctionKind, User
from chat.models.audit import AuditQuerySet
from chat.models.ban import BanQuerySet
from chat.models.report import ReportQuerySet
from chat.models.sanction import SanctionQuerySet
from chat.reads import oversight
from chat.rights.standing import moderates_everywhere
from chat.rights.table import KEEPERS
from delivery.wire.errors import Forbidden, NotFound
from delivery.wire.types import spell_time

#: Messages before and after a reported one that are shown with it.
CONTEXT = 3
#: Open reports are counted up to this: beyond it people only read "many".
MOST_COUNTED = 1000


def may_see_all(user: User, permission: str) -> bool:
    return user.is_staff and user.has_perm(permission)


def reports_visible_to(user: User) -> ReportQuerySet:
    """Of the channels that the user keeps; all of them for staff with the right."""
    rows = Report.objects.select_related("message__sender", "channel", "reporter", "closed_by")
    return rows if may_see_all(user, "chat.view_report") else rows.of_channels_kept_by(user)


def audit_visible_to(user: User) -> AuditQuerySet:
    """The same of the audit log. Raises Forbidden for whoever keeps no channel."""
    rows = AuditEntry.objects.select_related("actor", "whom", "channel")
    if may_see_all(user, "chat.view_auditentry"):
        return rows
    if not _keeps_any(user):
        raise Forbidden("This is for moderators.")
    return rows.of_channels_kept_by(user)


def bans_visible_to(user: User) -> BanQuerySet:
    """Bans are about everything, so they are for staff. Raises Forbidden."""
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
    """Raises Forbidden for whoever keeps no channel and is no staff with a say."""
    if not may_see_all(user, "chat.view_report") and not _keeps_any(user):
        raise Forbidden("This is for moderators.")


def desk_of(user: User) -> dict[str, Any] | None:
    """What is waiting for the user, and what the user may do besides keeping channels; None for whoever keeps none."""
    if not may_see_all(user, "chat.view_report") and not _keeps_any(user):
        return None
    return {
        "open_reports": count_open(user),
        "may_ban": user.is_staff and user.has_perm("chat.ban_user"),
        "moderates_everywhere": user.is_staff and user.has_perm("chat.moderate_any_channel"),
    }


def report_visible_to(user: User, pk: int) -> Report:
    """Raises NotFound."""
    row = reports_visible_to(user).filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such report.")
    return row


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


def report_dict(row: Report) -> dict[str, Any]:
    return {
        "id": row.pk,
        "channel": channel_brief(row.channel),
        "message": shapes.message_of(row.message),
        "reported_body": row.body,
        "reporter": person(row.reporter),
        "reason": row.reason,
        "reports_of_the_message": Report.objects.filter(message=row.message_id).count(),
        "created_at": spell_time(row.created_at),
        "closed_at": spell_time(row.closed_at),
        "closed_by": person(row.closed_by),
        "verdict": row.verdict or None,
        "closing_reason": row.closing_reason,
    }


def report_in_full(row: Report, user: User) -> dict[str, Any]:
    """With how many reported it, what was said around it and what it said before; the latter two for those who may see such."""
    keeps = _keeps(user, row.channel_id)
    sees_messages = keeps or may_see_all(user, "chat.view_message")
    sees_versions = keeps or may_see_all(user, "chat.view_messageversion")
    return {
        **report_dict(row),
        "context": [shapes.message_of(message) for message in context_of(row.message)] if sees_messages else [],
        "versions": [version_dict(version) for version in versions_of(row.message)] if sees_versions else [],
    }


def version_dict(row: MessageVersion) -> dict[str, Any]:
    return {
        "number": row.number,
        "body": row.body,
        "written_at": spell_time(row.written_at),
        "replaced_at": spell_time(row.replaced_at),
    }


def audit_dict(row: AuditEntry, *, with_address: bool) -> dict[str, Any]:
    """Addresses are the staff's to see: a moderator of one channel learns nobody's."""
    return {
        "id": row.pk,
        "created_at": spell_time(row.created_at),
        "act": row.act,
        "actor": person(row.actor),
        "whom": person(row.whom),
        "channel": channel_brief(row.channel) if row.channel else None,
        "message": row.message_id,
        "reason": row.reason,
        "details": row.details,
        "door": row.door,
        **({"address": row.address} if with_address else {}),
    }


def ban_dict(row: Ban) -> dict[str, Any]:
    return {
        "id": row.pk,
        "user": person(row.user),
        "reason": row.reason,
        "banned_by": person(row.banned_by),
        "created_at": spell_time(row.created_at),
        "lifted_at": spell_time(row.lifted_at),
        "lifted_by": person(row.lifted_by),
        "lifted_reason": row.lifted_reason,
    }


def mute_dict(row: Sanction) -> dict[str, Any]:
    """`role` is None for who has left meanwhile: the mute waits for them."""
    member = Member.objects.filter(channel=row.channel_id, user=row.user_id).first()
    return {**_sanction_dict(row), "role": member.role if member else None, "muted_until": spell_time(row.until)}


def removal_dict(row: Sanction) -> dict[str, Any]:
    return {**_sanction_dict(row), "removed_at": spell_time(row.created_at), "may_return_at": spell_time(row.until)}


def _sanction_dict(row: Sanction) -> dict[str, Any]:
    return {
        "channel": channel_brief(row.channel),
        "user": person(row.user),
        "by": person(row.by),
        "reason": row.reason,
    }


def person(user: User | None) -> dict[str, Any] | None:
    return None if user is None else msgspec.to_builtins(shapes.person_of(user))


def channel_brief(channel: Channel) -> dict[str, Any]:
    return {"id": channel.pk, "name": channel.name, "kind": channel.kind}
