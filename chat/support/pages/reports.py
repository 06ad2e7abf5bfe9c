"""The page of reports: figures as tables; with JavaScript also as plots."""

import datetime
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from chat import clock
from chat.formatting import format_duration
from chat.models import User
from chat.pages.state import state_script
from chat.support.reads.reports import MOST_DAYS, USUAL_DAYS, report, supervised_by
from chat.support.shapes.report import ReportRow, Spread
from delivery.wire.errors import Refused

GROUPS = (("day", "By day"), ("agent", "By agent"), ("inbox", "By inbox"))
DAY = datetime.timedelta(days=1)


@require_GET
@login_required
def reports_page(request: HttpRequest) -> HttpResponse:
    """Tables and plots of how long customers waited and how they rated the answers, for supervisors."""
    user = request.user
    assert isinstance(user, User)
    inboxes = supervised_by(user).order_by("name")
    if not user.is_superuser and not inboxes:
        raise PermissionDenied("Reports are for supervisors of an inbox.")
    first, last, inbox = _asked(request)
    refusal, found = "", {}
    try:
        since, until = _midnight(first), _midnight(last + DAY)
        found = {by: report(user, since=since, until=until, by=by, inbox=inbox) for by, _ in GROUPS}
    except Refused as error:
        refusal = error.detail
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Support reports",
        "first": first.isoformat(),
        "last": last.isoformat(),
        "inboxes": inboxes,
        "inbox": inbox,
        "refusal": refusal,
        "tables": [(title, by, [_cells(row) for row in found[by].rows]) for by, title in GROUPS if by in found],
        "days": state_script(found["day"], "gapless-report") if found else "",
        "is_nav_sidebar_enabled": False,
    }
    return render(request, "support/reports.html", context, status=400 if refusal else 200)


def _asked(request: HttpRequest) -> tuple[datetime.date, datetime.date, int | None]:
    """The values asked for. A value that is not valid is replaced by its default: the form can't send one."""
    today = clock.now().date()
    last = _day(request.GET.get("to"), today)
    first = _day(request.GET.get("from"), last - datetime.timedelta(days=min(USUAL_DAYS, MOST_DAYS) - 1))
    inbox = request.GET.get("inbox", "")
    return first, last, int(inbox) if inbox.isascii() and inbox.isdigit() and len(inbox) < 18 else None


def _day(word: str | None, default: datetime.date) -> datetime.date:
    try:
        found = datetime.date.fromisoformat(word or "")
    except ValueError:
        return default
    return found if 2000 <= found.year < 9000 else default


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), tzinfo=datetime.UTC)


def _cells(row: ReportRow) -> list[str]:
    ratings = row.ratings
    said = "–" if ratings is None else f"{ratings.average:.1f} of 5 ({ratings.count})"
    return [row.name, *(_spelled(spread) for spread in (row.first, row.next, row.solve, row.held)), said]


def _spelled(spread: Spread | None) -> str:
    if spread is None:
        return "–"
    met = "" if spread.met is None else f", {spread.met:.0%} in time"
    return f"{format_duration(spread.p50)}, nine of ten in {format_duration(spread.p90)} ({spread.count}{met})"
