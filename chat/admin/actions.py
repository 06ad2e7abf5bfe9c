"""Actions of the admin: a verb over one row or many, after a page that shows the rows and asks for a reason.

A refused row does not stop the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib import messages as notices
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest
from django.template.response import TemplateResponse

from chat.models import User
from chat.services import audit
from chat.services.audit import REASON_CHARACTERS
from chat.services.bulk import for_each_row


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text="The audit log keeps it for ever.",
    )


class Described(admin.ModelAdmin):
    """An admin that can describe each row in a few words."""

    def words(self, row: Any) -> str:
        return str(row)


@dataclass(frozen=True, kw_only=True)
class AdminAction:
    """An act of the staff. `do` gets the actor, the row and the form's values; a sentence that it returns is shown once."""

    name: str
    label: str
    permission: str
    do: Callable[[User, Any, dict[str, Any]], object]
    #: The consequences, for the page that asks.
    consequence: str
    form: type[ReasonForm] = ReasonForm
    #: The form's initial values: the row as it is now.
    initial: Callable[[Any], dict[str, Any]] = lambda row: {}
    #: Whether this actor may do it to this row and it makes sense there; checked for the row's own page.
    fits: Callable[[User, Any], bool] = lambda actor, row: True
    is_danger: bool = False
    is_bulk: bool = True
    #: The page that opens afterwards, from the row's id; by default the row's page, or the next row of a queue.
    leads_to: str = ""

    def allowed_to(self, user: Any) -> bool:
        return bool(user.is_active and user.is_staff and user.has_perm(self.permission))


def asked(
    model_admin: "Described",
    request: HttpRequest,
    act: AdminAction,
    rows: Sequence[Any],
    *,
    hidden: dict[str, Any],
    cancel_url: str,
) -> TemplateResponse | None:
    """Does the act if its form was sent and is valid, and returns None; otherwise returns the page that asks."""
    is_sent = "confirmed" in request.POST
    initial = act.initial(rows[0]) if len(rows) == 1 else {}
    form = act.form(request.POST) if is_sent else act.form(initial=initial)
    if is_sent and form.is_valid():
        _do(model_admin, request, act, rows, form.cleaned_data)
        return None
    context = {
        **model_admin.admin_site.each_context(request),
        "title": act.label,
        "opts": model_admin.model._meta,
        "act": act,
        "rows": [(row.pk, model_admin.words(row)) for row in rows],
        "form": form,
        "hidden": hidden,
        "checkbox": ACTION_CHECKBOX_NAME,
        "cancel_url": cancel_url,
    }
    return TemplateResponse(request, "admin/gapless/act.html", context, status=400 if is_sent else 200)


def _do(
    model_admin: "Described", request: HttpRequest, act: AdminAction, rows: Sequence[Any], given: dict[str, Any]
) -> None:
    user = request.user
    assert isinstance(user, User)
    changed: list[Any] = []

    def do(row: Any) -> None:
        # An act that changes a row writes a line in the audit log; a repeat does not.
        with audit.watched() as lines:
            said = act.do(user, row, given)
        changed.extend([row] if lines else [])
        if isinstance(said, str):
            model_admin.message_user(request, said, notices.SUCCESS)

    done, refused = for_each_row(user, rows, do)
    for row, refusal in refused:
        model_admin.message_user(request, f"{model_admin.words(row)}: {refusal.detail}", notices.ERROR)
    if changed:
        model_admin.message_user(request, f"{act.label}: done for {len(changed)}.", notices.SUCCESS)
    for row in done:
        if row not in changed:
            model_admin.message_user(request, f"{model_admin.words(row)}: nothing to change.", notices.INFO)
