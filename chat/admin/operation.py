"""The page of the operation: live plots of what the web processes counted in the last hour or day, and a table of the days.

The app above, the support desk, adds its own figures.
"""

import csv
import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from chat import clock
from chat.admin.base import ReadOnlyAdmin
from chat.formatting import format_duration
from chat.models import Day, Minute
from chat.reads.operation import SPANS, Answered, Point, days, points

#: Days in the table, days in the file, and days from which the busiest hours are computed.
SHOWN_DAYS, FILED_DAYS = 14, 366
BUSIEST = 3


@admin.register(Minute)
class OperationAdmin(ReadOnlyAdmin):
    """One page instead of a list, because single rows say little."""

    def get_urls(self) -> list[URLPattern]:
        views = {
            "": ("changelist", self.page),
            "figures/": ("figures", self.figures),
            "figures.csv": ("figures_file", self.figures_file),
            "days.csv": ("days_file", self.days_file),
        }
        return [
            path(where, self.admin_site.admin_view(view), name=f"chat_minute_{name}")
            for where, (name, view) in views.items()
        ]

    def page(self, request: HttpRequest) -> HttpResponse:
        self._require(request)
        found = days(SHOWN_DAYS)
        answers = self.answered(since=found[-1].day) if found else None
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Operation",
            "days": [(day, [] if answers is None else _spelled(answers.get(day.day, Answered()))) for day in found],
            "has_answers": answers is not None,
            "busiest": _busiest(found),
            "is_nav_sidebar_enabled": False,
        }
        return TemplateResponse(request, "admin/gapless/operation.html", context)

    def figures(self, request: HttpRequest) -> HttpResponse:
        """The figures that the page draws; its script asks for them repeatedly."""
        self._require(request)
        said = {"now": clock.now().timestamp(), "points": points(_span(request))}
        return HttpResponse(msgspec.json.encode(said), content_type="application/json")

    def figures_file(self, request: HttpRequest) -> HttpResponse:
        self._require(request)
        names = [name for name in Point.__struct_fields__ if name not in ("at", "errors", "away")]
        rows = (
            [_moment(point.at), *(getattr(point, name) for name in names), " ".join(point.away)]
            for point in points(_span(request))
        )
        return _file(f"operation-{_span(request)}", ["at", *names, "away"], rows)

    def days_file(self, request: HttpRequest) -> HttpResponse:
        self._require(request)
        found = days(FILED_DAYS)
        answers = (self.answered(since=found[-1].day) if found else None) or {}
        rows = (
            [day.day.isoformat(), day.people, day.messages, *_seconds(answers.get(day.day, Answered())), *day.hours]
            for day in found
        )
        heads = [f"{name}_seconds" for name in Answered.__struct_fields__]
        return _file("days", ["day", "people", "messages", *heads, *(f"{hour:02}:00" for hour in range(24))], rows)

    def answered(self, *, since: datetime.date) -> Mapping[datetime.date, Answered] | None:
        """The desk's figures by day; None: there is no desk."""
        return None

    def _require(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _spelled(answered: Answered) -> list[str]:
    spans = ((answered.first_p50, answered.first_p90), (answered.solve_p50, answered.solve_p90))
    return [
        "–" if half is None or most is None else f"{format_duration(half)} ({format_duration(most)})"
        for half, most in spans
    ]


def _seconds(answered: Answered) -> Sequence[int | None]:
    return msgspec.structs.astuple(answered)


def _span(request: HttpRequest) -> str:
    asked = request.GET.get("span", "")
    return asked if asked in SPANS else next(iter(SPANS))


def _busiest(found: Sequence[Day]) -> list[int]:
    """The hours (UTC) with the most messages, the busiest first; hours without messages are left out."""
    totals = [sum(counts) for counts in zip(*(day.hours for day in found), strict=True)]
    hours = sorted(range(len(totals)), key=lambda hour: -totals[hour])[:BUSIEST]
    return [hour for hour in hours if totals[hour]]


def _moment(at: int) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat()


def _file(name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{clock.now():%Y-%m-%d}.csv"'
    writer = csv.writer(response)
    writer.writerow(heads)
    writer.writerows(rows)
    return response
