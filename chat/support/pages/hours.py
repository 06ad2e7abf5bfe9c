"""The page on which supervisors set opening hours and policies of their inboxes. The verbs write them."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib import messages as notices
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from chat.models import User
from chat.support.models import Hours, Inbox
from chat.support.pages.forms import HoursForm, InboxHoursForm, hours_form, inbox_form
from chat.support.reads.reports import supervised_by
from chat.support.services.hours import keep_hours, keep_policies
from chat.support.services.inboxes import change_inbox
from delivery.wire.errors import Refused

Rows = Sequence[Hours | Inbox | None]


@require_http_methods(["GET", "POST"])
@login_required
def hours_page(request: HttpRequest) -> HttpResponse:
    """Opening hours of inboxes and how soon they answer, for supervisors."""
    user = request.user
    assert isinstance(user, User)
    inboxes = list(supervised_by(user).select_related("hours").order_by("name"))
    if not user.is_superuser and not inboxes:
        raise PermissionDenied("This page is for supervisors of an inbox.")
    rows: Rows = [*Hours.objects.order_by("name"), None, *inboxes]
    asked = [_form(row, request.POST if request.POST.get("which") == _name(row) else None) for row in rows]
    for row, form in zip(rows, asked, strict=True):
        if form.is_bound and form.is_valid() and _kept(user, row, form):
            notices.success(request, "Kept.")
            return HttpResponseRedirect(request.path)
    is_wrong = any(form.is_bound for form in asked)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Hours and policies",
        "forms": [(_name(row), _title(row), form) for row, form in zip(rows, asked, strict=True)],
        "is_nav_sidebar_enabled": False,
    }
    return render(request, "support/hours.html", context, status=400 if is_wrong else 200)


def _form(row: Hours | Inbox | None, data: Any) -> HoursForm | InboxHoursForm:
    return inbox_form(row, data) if isinstance(row, Inbox) else hours_form(row, data)


def _kept(user: User, row: Hours | Inbox | None, form: forms.Form) -> bool:
    try:
        if isinstance(row, Inbox):
            assert isinstance(form, InboxHoursForm)
            keep_policies(user, inbox=row.pk, minutes=form.minutes)
            change_inbox(user, inbox=row.pk, hours=form.cleaned_data["hours"])
        else:
            keep_hours(user, hours=row.pk if row else None, **form.cleaned_data)
    except Refused as refusal:
        form.add_error(None, refusal.detail)
        return False
    return True


def _name(row: Hours | Inbox | None) -> str:
    kind = "new" if row is None else "inbox" if isinstance(row, Inbox) else "hours"
    return kind if row is None else f"{kind}-{row.pk}"


def _title(row: Hours | Inbox | None) -> str:
    if row is None:
        return "New hours"
    return f"Inbox {row.name}" if isinstance(row, Inbox) else f"Hours {row.name}"
