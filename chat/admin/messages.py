"""Messages that are public or were reported: newest first, found by the trigram index, each with its history and receipts."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from chat.admin import columns, row_actions
from chat.admin.base import ReadOnlyAdmin, Table
from chat.admin.columns import column
from chat.admin.filters import ChannelFilter, DeletedFilter, EditedFilter, person_filter
from chat.admin.records import audit_table, reports_table
from chat.models import AuditEntry, Member, Message, MessageKind, MessageVersion, Report
from chat.reads import oversight
from chat.reads.moderation import context_of, versions_of
from chat.viewer import may_view


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("what", "who", "where", "place", "state", "when")
    list_filter = (ChannelFilter, person_filter("sender", "author"), "kind", EditedFilter, DeletedFilter)
    list_select_related = ("sender", "channel")
    search_in = ("folded",)
    search_help_text = (
        "A part of a message, at least three letters. Without an exact match, similar messages are found."
    )
    acts = (row_actions.DELETE_MESSAGES,)
    fieldsets = (
        (None, {"fields": ("text", "who", "where", "place", "state")}),
        ("Times", {"fields": ("created", "edited", "deleted", "delivered", "read")}),
    )
    readonly_fields = ("text", "who", "where", "place", "state", "created", "edited", "deleted", "delivered", "read")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Message]":
        return oversight.messages_seen_by_staff()

    def get_ordering(self, request: HttpRequest) -> tuple[str]:
        # Both orders are newest first; within a channel the second one has an index.
        return ("-created_at",) if request.GET.get(ChannelFilter.parameter_name) else ("-pk",)

    def words(self, row: Message) -> str:
        said = columns.excerpt(row.body, row.files) or "(deleted)"
        return f"{row.sender.username} in {columns.channel_name(row.channel)}: {said}"

    @column("message")
    def what(self, row: Message) -> Any:
        return columns.message_excerpt(row)

    @column("message")
    def text(self, row: Message) -> Any:
        return columns.said(row.body, row.files) if row.deleted_at is None else columns.badge("deleted", "quiet")

    @column("author")
    def who(self, row: Message) -> Any:
        return columns.person_link(row.sender)

    @column("channel")
    def where(self, row: Message) -> Any:
        return columns.channel_link(row.channel)

    @column("place")
    def place(self, row: Message) -> str:
        return f"{row.seq:,}"

    @column("state")
    def state(self, row: Message) -> SafeString:
        return columns.badges(
            ("system", "quiet") if row.kind == MessageKind.SYSTEM else (row.get_status_display().lower(), ""),
            ("edited", "warn") if row.edited_at else None,
            ("deleted", "danger") if row.deleted_at else None,
        )

    @column("said")
    def when(self, row: Message) -> Any:
        return columns.ago(row.created_at)

    @column("said")
    def created(self, row: Message) -> str:
        return columns.exact(row.created_at)

    @column("edited")
    def edited(self, row: Message) -> str:
        return columns.exact(row.edited_at)

    @column("deleted")
    def deleted(self, row: Message) -> str:
        return columns.exact(row.deleted_at)

    @column("delivered to everybody")
    def delivered(self, row: Message) -> str:
        return columns.exact(row.delivered_at)

    @column("read by everybody")
    def read(self, row: Message) -> str:
        return columns.exact(row.read_at)

    def tables(self, row: Message) -> list[Table]:
        shown = [context_table(row), receipts_table(row)]
        if may_view(MessageVersion):
            shown.insert(0, versions_table(row))
        if may_view(Report):
            shown.append(reports_table(row.reports.all(), "Reports about it"))
        if may_view(AuditEntry):
            shown.append(audit_table(AuditEntry.objects.filter(message=row)))
        return shown


def versions_table(row: Message) -> Table:
    rows = [
        (
            version.number,
            columns.said(version.body),
            columns.exact(version.written_at),
            columns.exact(version.replaced_at),
        )
        for version in versions_of(row)
    ]
    return Table("Earlier versions", ("version", "text", "written", "replaced"), rows, "It was never edited.")


def context_table(row: Message) -> Table:
    rows = [
        (
            columns.person_link(near.sender),
            columns.marked(near) if near.pk == row.pk else columns.message_excerpt(near),
            columns.exact(near.created_at),
        )
        for near in context_of(row)
    ]
    return Table("Around it", ("author", "message", "said"), rows)


def receipts_table(row: Message) -> Table:
    members = Member.objects.filter(channel=row.channel_id).exclude(user=row.sender_id).select_related("user")
    rows = [(columns.person_link(member.user), _receipt(member, row)) for member in members.order_by("-read_seq", "pk")]
    return Table("Receipts", ("member", "has it"), rows, "Nobody else is in the channel.")


def _receipt(member: Member, row: Message) -> Any:
    if member.joined_rev > row.seq:
        return columns.badge("joined later", "quiet")
    if member.read_seq >= row.seq:
        return columns.badge("read", "good")
    return columns.badge("delivered") if member.delivered_seq >= row.seq else columns.badge("not yet", "warn")
