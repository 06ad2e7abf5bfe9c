"""People, and the ready groups of the staff."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.safestring import SafeString

from chat.admin import columns, row_actions
from chat.admin.base import ReadOnlyAdmin, Table
from chat.admin.channels import memberships_table
from chat.admin.columns import column
from chat.admin.records import audit_table, reports_table
from chat.admin.sanctions import sanctions_table
from chat.models import AuditEntry, Ban, Member, Message, Report, Sanction, User, UserKind
from chat.reads import oversight
from chat.viewer import link, list_link, may_view, viewer

admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("username", "display_name", "state", "roles", "joined", "last_in")
    list_filter = ("kind", "is_active", "is_staff", "is_superuser", "groups")
    search_in = ("username", "display_name")
    search_help_text = "A name, at least three letters. Without an exact match, similar names are found."
    acts = (
        *(row_actions.CHANGE_ROLES, row_actions.MAKE_PASSWORD_LINK, row_actions.DEACTIVATE, row_actions.REACTIVATE),
        *(row_actions.BAN_PEOPLE, row_actions.LIFT_BANS_OF_PEOPLE, row_actions.ERASE_PERSON),
    )
    fields = ("username", "display_name", "state", "roles", "joined", "last_in", "all_messages")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups", "bans").select_related("erasure")

    def words(self, row: User) -> str:
        return f"{row.get_full_name()} ({row.username})"

    @column("state")
    def state(self, row: User) -> SafeString:
        is_banned = any(ban.lifted_at is None for ban in row.bans.all())
        return columns.badges(
            ("erased", "quiet")
            if hasattr(row, "erasure")
            else ("banned", "danger")
            if is_banned
            else ("active", "good")
            if row.is_active
            else ("has left", "quiet"),
            (row.kind, "") if row.kind != UserKind.PERSON else None,
        )

    @column("staff")
    def roles(self, row: User) -> SafeString | str:
        # Visitors of the demo are in the demo's group, but are no staff.
        groups = row.groups.all() if row.kind != UserKind.VISITOR else ()
        names = ["Superuser"] if row.is_superuser else [group.name for group in groups]
        return columns.badges(*((name, "") for name in names)) or "–"

    @column("joined", ordering="date_joined")
    def joined(self, row: User) -> Any:
        return columns.ago(row.date_joined)

    @column("last signed in")
    def last_in(self, row: User) -> Any:
        return columns.ago(row.last_login)

    @column("messages")
    def all_messages(self, row: User) -> Any:
        return list_link(Message, "all their messages", sender=row.pk)

    def tables(self, row: User) -> list[Table]:
        shown = [memberships_table(row, viewer())] if may_view(Member) else []
        if may_view(Sanction):
            seen = oversight.sanctions_seen_by(viewer()).values("pk")
            shown.append(sanctions_table(row.sanctions.standing().filter(pk__in=seen)))
        if may_view(Ban):
            shown.append(bans_table(row))
        if may_view(Report):
            shown.append(reports_table(Report.objects.filter(message__sender=row), "Reports about their messages"))
            shown.append(reports_table(row.reports.all(), "Reports that they made"))
        if may_view(AuditEntry):
            shown.append(audit_table(AuditEntry.objects.filter(whom=row), "Done to them"))
            shown.append(audit_table(AuditEntry.objects.filter(actor=row), "Done by them"))
        return shown


@admin.register(Group)
class GroupAdmin(ReadOnlyAdmin):
    """The ready groups, which `migrate` makes. A person's page changes whether the person is in one."""

    list_display = ("name", "what")
    fields = ("name", "what")
    readonly_fields = fields
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("permissions")

    @column("may")
    def what(self, row: Group) -> str:
        return "; ".join(sorted(permission.name for permission in row.permissions.all()))


def bans_table(user: User) -> Table:
    rows = [
        (
            link(ban, columns.exact(ban.created_at)),
            columns.person_link(ban.banned_by, nobody="the console"),
            ban.reason,
            columns.exact(ban.lifted_at),
            ban.lifted_reason,
        )
        for ban in user.bans.select_related("banned_by").order_by("-pk")
    ]
    return Table("Bans", ("since", "by", "why", "lifted", "why lifted"), rows, "Never banned.")
