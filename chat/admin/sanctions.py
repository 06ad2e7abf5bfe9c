"""Mutes and removals: who imposed them, until when, and an act that lifts them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from chat.admin import channel_actions, columns
from chat.admin.base import ReadOnlyAdmin, Table, staff_of
from chat.admin.columns import column
from chat.admin.filters import ChannelFilter, RunningFilter, person_filter
from chat.models import Sanction
from chat.reads import oversight
from chat.viewer import link


@admin.register(Sanction)
class SanctionAdmin(ReadOnlyAdmin):
    list_display = ("what", "person", "where", "ends", "reason", "giver", "since")
    list_filter = ("kind", RunningFilter, ChannelFilter, person_filter("user", "person"))
    list_select_related = ("user", "channel", "by")
    search_in = ("user__username", "user__display_name")
    search_help_text = "A name, at least three letters."
    acts = (channel_actions.LIFT_SANCTIONS,)
    fields = ("what", "person", "where", "ends", "reason", "giver", "since")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Sanction]":
        return oversight.sanctions_seen_by(staff_of(request))

    def words(self, row: Sanction) -> str:
        return f"{row.user.username} {row.get_kind_display()} in {columns.channel_name(row.channel)}"

    @column("what")
    def what(self, row: Sanction) -> str:
        return row.get_kind_display()

    @column("person")
    def person(self, row: Sanction) -> Any:
        return columns.person_link(row.user)

    @column("channel")
    def where(self, row: Sanction) -> Any:
        return columns.channel_link(row.channel)

    @column("ends")
    def ends(self, row: Sanction) -> Any:
        return end_of(row)

    @column("by")
    def giver(self, row: Sanction) -> Any:
        return columns.person_link(row.by)

    @column("since")
    def since(self, row: Sanction) -> Any:
        return columns.ago(row.created_at)


def end_of(row: Sanction) -> Any:
    return columns.ago(row.until) if row.until else "when it is lifted"


def sanctions_table(rows: "QuerySet[Sanction]") -> Table:
    shown = [
        (
            link(row, row.get_kind_display()),
            columns.person_link(row.user),
            columns.channel_link(row.channel),
            end_of(row),
            row.reason,
            columns.person_link(row.by),
        )
        for row in rows.select_related("user", "channel", "by").order_by("-pk")[:100]
    ]
    heads = ("what", "person", "channel", "ends", "why", "by")
    return Table("Mutes and removals", heads, shown, "There are none.")
