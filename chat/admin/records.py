"""Bans and the audit log: what was done, to whom, why and from which address. Also tables of these for other pages."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from chat.admin import columns, row_actions
from chat.admin.base import ReadOnlyAdmin, Table
from chat.admin.columns import column
from chat.admin.exporting import exported
from chat.admin.filters import ChannelFilter, SinceFilter, StandingFilter, UntilFilter, person_filter
from chat.models import AuditEntry, Ban, Report
from chat.viewer import link
from delivery.wire.errors import Invalid

#: How many rows of a log another page shows.
SHOWN = 20


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("when", "who", "did", "to_whom", "where", "reason", "details_text", "came_by")
    list_display_links = ("when",)
    list_filter = (
        *(SinceFilter, UntilFilter, "act", "door", ChannelFilter),
        *(person_filter("actor", "who acted"), person_filter("whom", "to whom")),
    )
    list_select_related = ("actor", "whom", "channel")
    search_in = ("reason",)
    search_help_text = "A part of a reason, at least three letters."
    change_list_template = "admin/gapless/audit_list.html"
    fields = ("when", "who", "did", "to_whom", "where", "about", "reason", "details_text", "came_by")
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name="chat_auditentry_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """The lines of the list under the same filters, as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            return exported(self.get_changelist_instance(request).queryset)
        except Invalid as refusal:
            return self.refused(request, refusal)

    def words(self, row: AuditEntry) -> str:
        who = row.actor.username if row.actor else "the console"
        return f"{who} {row.get_act_display()}"

    @column("when")
    def when(self, row: AuditEntry) -> str:
        return columns.exact(row.created_at)

    @column("who")
    def who(self, row: AuditEntry) -> Any:
        return columns.person_link(row.actor, nobody="the console")

    @column("what")
    def did(self, row: AuditEntry) -> str:
        return row.get_act_display()

    @column("whom")
    def to_whom(self, row: AuditEntry) -> Any:
        return columns.person_link(row.whom)

    @column("channel")
    def where(self, row: AuditEntry) -> Any:
        return columns.channel_link(row.channel)

    @column("message")
    def about(self, row: AuditEntry) -> Any:
        return link(row.message, f"number {row.message_id}") if row.message_id else "–"

    @column("door")
    def came_by(self, row: AuditEntry) -> str:
        return f"{row.door}, {row.address}" if row.address else row.door

    @column("more")
    def details_text(self, row: AuditEntry) -> str:
        return details_in_words(row.details)


@admin.register(Ban)
class BanAdmin(ReadOnlyAdmin):
    list_display = ("whom", "reason", "by", "since", "state", "lifted")
    list_filter = (StandingFilter, person_filter("user", "person"))
    list_select_related = ("user", "banned_by", "lifted_by")
    search_in = ("user__username", "user__display_name")
    search_help_text = "A name, at least three letters."
    acts = (row_actions.LIFT_BANS,)
    fields = ("person", "reason", "by", "since", "state", "lifted", "lifted_reason")
    readonly_fields = fields

    def words(self, row: Ban) -> str:
        return f"Ban of {row.user.username}"

    @column("person")
    def whom(self, row: Ban) -> str:
        return row.user.username

    @column("person")
    def person(self, row: Ban) -> Any:
        return columns.person_link(row.user)

    @column("banned by")
    def by(self, row: Ban) -> Any:
        return columns.person_link(row.banned_by, nobody="the console")

    @column("since")
    def since(self, row: Ban) -> Any:
        return columns.ago(row.created_at)

    @column("state")
    def state(self, row: Ban) -> Any:
        return columns.badge("lifted", "quiet") if row.lifted_at else columns.badge("banned", "danger")

    @column("lifted")
    def lifted(self, row: Ban) -> Any:
        return columns.ago(row.lifted_at)


def details_in_words(details: dict[str, Any]) -> str:
    def word(value: Any) -> str:
        return ", ".join(value) or "none" if isinstance(value, list) else str(value if value is not None else "none")

    if details.get("until"):
        return f"until {details['until'][:16].replace('T', ' ')}"
    if "to" in details:
        return f"{word(details.get('from'))} → {word(details['to'])}"
    return ", ".join(f"{name} {word(value)}" for name, value in details.items())


def audit_table(rows: "QuerySet[AuditEntry]", title: str = "Audit log") -> Table:
    shown = [
        (
            link(row, columns.exact(row.created_at)),
            columns.person_link(row.actor, nobody="the console"),
            row.get_act_display(),
            columns.person_link(row.whom),
            row.reason,
        )
        for row in rows.select_related("actor", "whom").order_by("-pk")[:SHOWN]
    ]
    return Table(title, ("when", "who", "what", "whom", "why"), shown, "Nothing was done.")


def reports_table(rows: "QuerySet[Report]", title: str) -> Table:
    shown = [
        (
            link(row, columns.excerpt(row.body, row.files)),
            columns.channel_link(row.channel),
            columns.person_link(row.reporter),
            row.reason,
            state_of(row),
            columns.ago(row.created_at),
        )
        for row in rows.select_related("channel", "reporter").order_by("-pk")[:SHOWN]
    ]
    return Table(title, ("message", "channel", "reported by", "why", "state", "when"), shown, "There are none.")


def state_of(report: Report) -> Any:
    tones = {"": ("open", "warn"), "upheld": ("upheld", "danger"), "dismissed": ("dismissed", "quiet")}
    return columns.badge(*tones[report.verdict])
