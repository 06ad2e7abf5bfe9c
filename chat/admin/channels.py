"""Channels and their members."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from chat.admin import channel_actions, columns
from chat.admin.base import ReadOnlyAdmin, Table, staff_of
from chat.admin.columns import column
from chat.admin.filters import ArchivedFilter, ChannelFilter, MutedFilter, person_filter
from chat.admin.reading import reading_page
from chat.admin.records import audit_table, reports_table
from chat.admin.sanctions import sanctions_table
from chat.models import AuditEntry, Channel, ChannelKind, Member, Message, Report, Sanction, User
from chat.reads import oversight
from chat.reads.statistics import WINDOW_MINUTES, figures_of
from chat.viewer import link, list_link, may_view, viewer


@admin.register(Channel)
class ChannelAdmin(ReadOnlyAdmin):
    list_display = ("title", "topic", "kind", "member_count", "changes", "state", "by", "created")
    list_filter = ("kind", "is_support", ArchivedFilter)
    list_select_related = ("created_by",)
    search_in = ("name", "topic")
    search_help_text = "Name or topic, at least three letters. Without an exact match, similar names are found."
    acts = (
        channel_actions.READ,
        channel_actions.RENAME,
        channel_actions.ARCHIVE,
        channel_actions.RESTORE,
        channel_actions.KEEP_CHANNEL,
    )
    fields = ("title", "topic", "kind", "state", "inside", "by", "created", "archived", "kept", "all_messages")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Channel]":
        return oversight.channels_seen_by(staff_of(request))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.reading_view)
        return [path("<int:object_id>/reading/", view, name="chat_channel_reading"), *super().get_urls()]

    def reading_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The messages of a private conversation, until the time for the given reason is over."""
        if not (channel_actions.READ.allowed_to(request.user) and self.has_view_permission(request)):
            raise PermissionDenied
        row = self.get_object(request, str(object_id))
        if row is None:
            raise Http404
        title = f"Reading {self.words(row)}"
        return reading_page(request, row, {**self.admin_site.each_context(request), "title": title, "original": row})

    def words(self, row: Channel) -> str:
        return columns.channel_name(row)

    @column("channel")
    def title(self, row: Channel) -> str:
        return columns.channel_name(row)

    @column("changes")
    def changes(self, row: Channel) -> str:
        return f"{row.head:,}"

    @column("state")
    def state(self, row: Channel) -> SafeString:
        return columns.badges(
            ("support", "good") if row.is_support else None,
            ("archived", "quiet") if row.archived_at else None,
        )

    @column("opened by")
    def by(self, row: Channel) -> Any:
        # The members of a direct conversation are part of its secret.
        return "–" if row.kind == ChannelKind.DIRECT else columns.person_link(row.created_by)

    @column("opened")
    def created(self, row: Channel) -> Any:
        return columns.ago(row.created_at)

    @column("archived")
    def archived(self, row: Channel) -> Any:
        return columns.ago(row.archived_at)

    @column("kept")
    def kept(self, row: Channel) -> str:
        days = "for ever" if row.kept_days is None else f"for {row.kept_days:,} days"
        gone = f"; some up to number {row.floor:,} are deleted" if row.floor else ""
        return f"{days}{'; on hold: nothing is deleted' if row.is_held else ''}{gone}"

    @column("notes on")
    def inside(self, row: Channel) -> Any:
        return columns.channel_link(row.parent)

    @column("messages")
    def all_messages(self, row: Channel) -> Any:
        if row.kind == ChannelKind.PUBLIC:
            return list_link(Message, f"messages of this channel ({row.head:,} changes)", **{"in": row.pk})
        return list_link(Message, "reported messages; you need a reason to read the others", **{"in": row.pk})

    def tables(self, row: Channel) -> list[Table]:
        shown = [figures_table(row)]
        if may_view(Member) and row.kind != ChannelKind.DIRECT:
            shown.append(members_table(row))
        if may_view(Sanction):
            seen = oversight.sanctions_seen_by(viewer()).values("pk")
            shown.append(sanctions_table(row.sanctions.standing().filter(pk__in=seen)))
        if may_view(Report):
            shown.append(reports_table(row.reports.all(), "Reports"))
        if may_view(AuditEntry):
            shown.append(audit_table(AuditEntry.objects.filter(channel=row)))
        return shown


def figures_table(channel: Channel) -> Table:
    """The channel's figures: messages, active members, latency and errors."""
    figures = figures_of(channel)
    latency = ", ".join(f"{name} {ms:,} ms" for name, ms in (figures.latency_ms or {}).items())
    errors = "unknown" if figures.errors is None else ", ".join(f"{code} {n:,}" for code, n in figures.errors.items())
    shown = (
        f"{figures.messages_a_minute:g} ({figures.messages_last_hour:,} in the last hour)",
        f"{figures.active_members} of {figures.members}",
        latency or "–",
        errors or "none",
    )
    heads = ("messages a minute", "active members", "from arrival to commit, at most", "errors")
    return Table(f"Figures of the last {WINDOW_MINUTES} minutes", heads, [shown])


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    list_display = ("name", "person", "where", "role", "mute", "read_up_to", "joined")
    list_filter = (ChannelFilter, person_filter("user", "person"), "role", MutedFilter)
    list_select_related = ("user", "channel")
    search_in = ("user__username", "user__display_name")
    search_help_text = "A name, at least three letters."
    acts = (
        channel_actions.GIVE_ROLE,
        channel_actions.MUTE_MEMBERS,
        channel_actions.UNMUTE_MEMBERS,
        channel_actions.REMOVE_MEMBERS,
    )
    fields = ("person", "where", "role", "mute", "notify_level", "read_up_to", "delivered_up_to", "joined", "last_seen")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Member]":
        return oversight.members_seen_by(staff_of(request))

    def words(self, row: Member) -> str:
        return f"{row.user.username} in {columns.channel_name(row.channel)}"

    @column("name")
    def name(self, row: Member) -> str:
        return row.user.get_full_name()

    @column("person")
    def person(self, row: Member) -> Any:
        return columns.person_link(row.user)

    @column("channel")
    def where(self, row: Member) -> Any:
        return columns.channel_link(row.channel)

    @column("mute")
    def mute(self, row: Member) -> Any:
        return mute_of(row)

    @column("read up to")
    def read_up_to(self, row: Member) -> str:
        return f"{row.read_seq:,} of {row.channel.head:,}"

    @column("delivered up to")
    def delivered_up_to(self, row: Member) -> str:
        return f"{row.delivered_seq:,} of {row.channel.head:,}"

    @column("joined")
    def joined(self, row: Member) -> Any:
        return columns.ago(row.created_at)

    def tables(self, row: Member) -> list[Table]:
        if not may_view(AuditEntry):
            return []
        return [audit_table(AuditEntry.objects.filter(channel=row.channel_id, whom=row.user_id))]


def mute_of(row: Member) -> Any:
    if row.muted_until is None:
        return "–"
    return SafeString(columns.badge("muted", "warn") + " " + str(columns.ago(row.muted_until)))


def members_table(channel: Channel) -> Table:
    members = Member.objects.with_mutes().filter(channel=channel).select_related("user", "channel").order_by("pk")
    rows = [
        (
            link(member, member.user.username),
            member.user.get_full_name(),
            member.get_role_display(),
            mute_of(member),
            f"{member.read_seq:,} of {channel.head:,}",
            columns.ago(member.created_at),
        )
        for member in members
    ]
    return Table("Members", ("member", "name", "role", "mute", "read up to", "joined"), rows, "Nobody is in it.")


def memberships_table(user: User, viewer: User) -> Table:
    """The memberships that the viewer may see: those in direct conversations are secret."""
    members = oversight.members_seen_by(viewer).filter(user=user).select_related("channel").order_by("pk")[:100]
    rows = [
        (
            columns.channel_link(member.channel),
            link(member, member.get_role_display()),
            mute_of(member),
            f"{member.read_seq:,} of {member.channel.head:,}",
            columns.ago(member.created_at),
        )
        for member in members
    ]
    return Table(
        "Channels", ("channel", "role", "mute", "read up to", "joined"), rows, "In no channel that is shown here."
    )
