"""The rows that reports are computed from: ratings, waiting times of customers, holding times of agents. Supervisors read them."""

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from chat.admin import columns
from chat.admin.base import ReadOnlyAdmin, staff_of
from chat.admin.columns import column
from chat.admin.filters import SinceFilter, UntilFilter
from chat.models import User
from chat.support.models import Inbox, Interval, Rating

Row = TypeVar("Row", bound=Model)


class _FactAdmin(ReadOnlyAdmin):
    list_select_related = ("agent", "conversation__ticket__inbox", "conversation__visitor")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return _supervised(super().get_queryset(request), staff_of(request))

    @column("inbox")
    def inbox(self, row: Any) -> str:
        return row.conversation.ticket.inbox.name

    @column("customer")
    def customer(self, row: Any) -> str:
        return row.conversation.visitor.get_full_name()

    @column("agent")
    def who(self, row: Any) -> Any:
        return columns.person_link(row.agent)


@admin.register(Rating)
class RatingAdmin(_FactAdmin):
    list_display = ("score", "comment", "customer", "who", "inbox", "episode", "when")
    list_filter = (SinceFilter, UntilFilter)
    fields = list_display
    readonly_fields = fields

    def words(self, row: Rating) -> str:
        return f"{row.score} of 5 by {self.customer(row)}"

    @column("when")
    def when(self, row: Rating) -> str:
        return columns.exact(row.created_at)


@admin.register(Interval)
class IntervalAdmin(_FactAdmin):
    list_display = ("what", "in_open_hours", "in_all", "kept", "customer", "who", "inbox", "episode", "ended")
    list_filter = ("kind",)
    fields = list_display
    readonly_fields = fields

    def words(self, row: Interval) -> str:
        return f"{self.what(row)}, {self.customer(row)}"

    @column("what")
    def what(self, row: Interval) -> str:
        return row.get_kind_display()

    @column("in open hours")
    def in_open_hours(self, row: Interval) -> str:
        return _spelled(row.business_seconds)

    @column("in all")
    def in_all(self, row: Interval) -> str:
        return _spelled(row.seconds)

    @column("promise")
    def kept(self, row: Interval) -> Any:
        if row.met is None:
            return "none"
        return columns.badge("kept", "good") if row.met else columns.badge("broken", "danger")

    @column("until")
    def ended(self, row: Interval) -> str:
        return columns.exact(row.ended_at)


def _supervised(rows: "QuerySet[Row]", user: User) -> "QuerySet[Row]":
    if user.is_superuser:
        return rows
    inboxes = Inbox.objects.filter(agents__user=user, agents__supervises=True)
    return rows.filter(conversation__desk__in=inboxes.values("desk"))


def _spelled(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
