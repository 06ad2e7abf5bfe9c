"""The queue of reports: the longest waiting first, one row for all reports of a message, with the messages around it."""

from copy import copy
from typing import Any

from django.contrib import admin
from django.contrib import messages as notices
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from chat.admin import columns, row_actions
from chat.admin.base import ReadOnlyAdmin, Table
from chat.admin.columns import column
from chat.admin.filters import ChannelFilter, StateFilter, person_filter
from chat.admin.messages import context_table, versions_table
from chat.admin.records import audit_table, reports_table, state_of
from chat.admin.strict_lists import KEPT_VAR, way_back
from chat.models import AuditEntry, Message, MessageVersion, Report
from chat.viewer import link, may_view, page_of
from delivery.wire.errors import Invalid


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    list_display = ("what", "author", "where", "reason", "by", "many", "waiting", "state")
    list_filter = (
        StateFilter,
        ChannelFilter,
        person_filter("message__sender", "author"),
        person_filter("reporter", "reported by"),
    )
    list_select_related = ("message__sender", "channel", "reporter")
    acts = (
        row_actions.DELETE_REPORTED,
        row_actions.UPHOLD,
        row_actions.DISMISS,
        row_actions.MUTE_AUTHORS,
        row_actions.BAN_AUTHORS,
    )
    fieldsets = (
        (None, {"fields": ("said", "author", "where", "about")}),
        ("Report", {"fields": ("reason", "by", "waiting", "state")}),
        ("Closed", {"fields": ("closed", "closer", "closing_reason")}),
    )
    readonly_fields = (
        *("said", "author", "where", "about", "reason", "by", "waiting", "state", "closed", "closer", "closing_reason"),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Report]":
        number = Report.objects.filter(message=OuterRef("message")).order_by().values("message")
        many = number.annotate(number=Count("pk")).values("number")
        return Report.objects.annotate(reports_about=Subquery(many))

    def after(self, request: HttpRequest, row: Report) -> str:
        """After this case is closed: the next case of the list."""
        row.refresh_from_db()
        if row.closed_at is None:
            return super().after(request, row)
        kept = QueryDict(request.GET.get(KEPT_VAR, ""))
        following = self._waiting(request, kept, row)
        if following is None:
            self.message_user(request, "Nothing else is waiting here.", notices.INFO)
            return reverse("admin:chat_report_changelist") + (f"?{kept.urlencode()}" if kept else "")
        return page_of(following) + way_back(request)

    def _waiting(self, request: HttpRequest, kept: QueryDict, row: Report) -> Report | None:
        asked = copy(request)
        asked.GET = kept  # type: ignore[assignment]
        try:
            waiting = self.get_changelist_instance(asked).queryset.filter(closed_at=None).order_by("pk")
        except Invalid:
            return None
        return waiting.filter(pk__gt=row.pk).first() or waiting.first()

    def get_fieldsets(self, request: HttpRequest, obj: Report | None = None) -> Any:
        is_open = obj is not None and obj.closed_at is None
        return self.fieldsets[:2] if is_open else self.fieldsets

    def get_ordering(self, request: HttpRequest) -> tuple[str]:
        # Open reports are a queue, closed ones a log.
        return ("-pk",) if request.GET.get("state") in ("closed", "all") else ("pk",)

    def words(self, row: Report) -> str:
        return f"{row.message.sender.username} in {columns.channel_name(row.channel)}: {columns.excerpt(row.body, row.files)}"

    @column("message")
    def what(self, row: Report) -> str:
        return columns.excerpt(row.body, row.files)

    @column("as it was reported")
    def said(self, row: Report) -> Any:
        return columns.said(row.body, row.files)

    @column("author")
    def author(self, row: Report) -> Any:
        return columns.person_link(row.message.sender)

    @column("channel")
    def where(self, row: Report) -> Any:
        return columns.channel_link(row.channel)

    @column("message")
    def about(self, row: Report) -> Any:
        return link(row.message, f"as it is now, with its history (number {row.message.seq:,})")

    @column("reported by")
    def by(self, row: Report) -> Any:
        return columns.person_link(row.reporter)

    @column("reports")
    def many(self, row: Any) -> int:
        return int(row.reports_about)

    @column("reported")
    def waiting(self, row: Report) -> Any:
        return columns.ago(row.created_at)

    @column("state")
    def state(self, row: Report) -> Any:
        return state_of(row)

    @column("closed")
    def closed(self, row: Report) -> Any:
        return columns.ago(row.closed_at)

    @column("closed by")
    def closer(self, row: Report) -> Any:
        return columns.person_link(row.closed_by)

    def tables(self, row: Report) -> list[Table]:
        shown: list[Table] = []
        if may_view(Message):
            shown.append(context_table(row.message))
        if may_view(MessageVersion):
            shown.append(versions_table(row.message))
        others = Report.objects.filter(message=row.message_id).exclude(pk=row.pk)
        shown.append(reports_table(others, "Other reports about it"))
        if may_view(AuditEntry):
            shown.append(audit_table(AuditEntry.objects.filter(message=row.message_id)))
        return shown
