"""The audit log: who did what to whom, when, why and from where. The database refuses to change or delete a row of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q

from chat.models.channel import Channel
from chat.models.folded import Folded
from chat.models.member import Role
from chat.models.message import Message

if TYPE_CHECKING:
    from chat.models.user import User


class Act(models.TextChoices):
    MESSAGE_REPORTED = "message.reported", "reported a message"
    REPORT_UPHELD = "report.upheld", "upheld a report"
    REPORT_DISMISSED = "report.dismissed", "dismissed a report"
    MESSAGE_DELETED = "message.deleted", "deleted a message"
    MEMBER_MUTED = "member.muted", "muted a member"
    MEMBER_UNMUTED = "member.unmuted", "lifted a mute"
    MEMBER_REMOVED = "member.removed", "removed a member"
    MEMBER_READMITTED = "member.readmitted", "lifted a removal"
    MEMBER_ROLE = "member.role", "changed a role"
    USER_BANNED = "user.banned", "banned a person"
    BAN_LIFTED = "ban.lifted", "lifted a ban"
    PASSWORD_LINK = "password.link", "made a link to a new password"
    PASSWORD_RENEWED = "password.renewed", "set a new password by a link"
    USER_RENAMED = "user.renamed", "took another name"
    STAFF_ROLES = "staff.roles", "changed staff roles"
    CHANNEL_READ = "channel.read", "read a private conversation"
    CHANNEL_RENAMED = "channel.renamed", "renamed a channel"
    CHANNEL_TOPIC = "channel.topic", "set a topic"
    CHANNEL_ARCHIVED = "channel.archived", "archived a channel"
    CHANNEL_RESTORED = "channel.restored", "took a channel out of the archive"
    USER_DEACTIVATED = "user.deactivated", "switched off an account"
    SUPPORT_ASSIGNED = "support.assigned", "assigned a conversation"
    SUPPORT_TAKEN = "support.taken", "took a conversation over"
    SUPPORT_LAPSED = "support.lapsed", "let a conversation lapse"
    USER_REACTIVATED = "user.reactivated", "switched an account on again"
    INBOX_CREATED = "inbox.created", "made an inbox"
    INBOX_CHANGED = "inbox.changed", "changed an inbox"
    INBOX_SECRET = "inbox.secret", "gave an inbox another secret"
    AGENT_ADDED = "agent.added", "made somebody an agent"
    AGENT_CHANGED = "agent.changed", "changed an agent"
    AGENT_REMOVED = "agent.removed", "ended somebody's being an agent"
    CONTACT_BLOCKED = "contact.blocked", "blocked a visitor"
    CONTACT_UNBLOCKED = "contact.unblocked", "let a visitor write again"
    HOURS_CHANGED = "hours.changed", "changed when inboxes are open"
    POLICIES_CHANGED = "policies.changed", "changed how soon an inbox answers"
    CONTACT_ERASED = "contact.erased", "erased a visitor"
    USER_ERASED = "user.erased", "erased a person"
    USER_EXPORTED = "user.exported", "exported all about a person"
    CHANNEL_KEPT = "channel.kept", "changed how long a channel is kept"
    CHANNEL_HELD = "channel.held", "put a channel on hold"
    CHANNEL_RELEASED = "channel.released", "ended a channel's hold"
    CHANNEL_EXPORTED = "channel.exported", "exported a channel"


class Door(models.TextChoices):
    PAGE = "page"
    API = "api"
    SOCKET = "socket"
    ADMIN = "admin"
    COMMAND = "command"
    MAIL = "mail"


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def of_channels_kept_by(self, user: User) -> AuditQuerySet:
        """Lines of channels in which the user is an owner or a moderator."""
        kept = user.memberships.filter(role__in=[Role.OWNER, Role.MODERATOR]).values("channel")
        return self.filter(channel__in=kept)


class AuditEntry(models.Model):
    created_at = models.DateTimeField()
    act = models.CharField(max_length=20, choices=Act.choices)
    #: Null: the console.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="acts",
        db_index=False,
    )
    #: The person whom the act concerns.
    whom = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="suffered",
        db_index=False,
    )
    channel = models.ForeignKey(
        Channel, null=True, blank=True, on_delete=models.PROTECT, related_name="audit", db_index=False
    )
    message = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.PROTECT, related_name="audit", db_index=False
    )
    reason = models.CharField(max_length=500, blank=True, default="")
    #: Details of the act: {"from", "to"} of a role, {"until"} of a mute, {"report"}.
    details = models.JSONField(default=dict)
    door = models.CharField(max_length=7, choices=Door.choices)
    address = models.GenericIPAddressField(null=True, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        db_table = "audit_log"
        default_permissions = ("view",)
        verbose_name_plural = "audit log"
        constraints = [
            models.CheckConstraint(name="audit_act", condition=Q(act__in=Act.values)),
            models.CheckConstraint(name="audit_door", condition=Q(door__in=Door.values)),
        ]
        indexes = [
            GinIndex(OpClass(Folded(F("reason")), "gin_trgm_ops"), name="idx_audit_reason_gin"),
            models.Index(fields=["created_at"], name="idx_audit_created"),
            models.Index(fields=["channel", "id"], name="idx_audit_channel"),
            models.Index(fields=["whom", "id"], name="idx_audit_whom"),
            models.Index(fields=["actor", "id"], name="idx_audit_actor"),
            models.Index(fields=["message"], name="idx_audit_message", condition=Q(message__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.pk}"
