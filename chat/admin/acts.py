"""Acts: a verb over one row or many, after a page that shows them and asks for a reason. One refusal holds up no other."""

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
from chat.services.bulk import each


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text="Stands in the audit log, for ever.",
    )


class Described(admin.ModelAdmin):
    """An admin that can say in a few words which row is meant."""

    def words(self, row: Any) -> str:
        return str(row)


@dataclass(frozen=True, kw_only=True)
class AdminAct:
    """`do` gets who acts, the row, and what the form gave; if it gives a sentence, that is shown, this once."""

    name: str
    label: str
    permission: str
    do: Callable[[User, Any, dict[str, Any]], object]
    #: What happens then, for the page that asks.
    consequence: str
    form: type[ReasonForm] = ReasonForm
    #: What the form shows before anything was chosen: how it is now.
    initial: Callable[[Any], dict[str, Any]] = lambda row: {}
    #: Whether this actor may do it to this row and it makes sense; asked for a row's own page.
    fits: Callable[[User, Any], bool] = lambda actor, row: True
    is_danger: bool = False
    is_bulk: bool = True
    #: The page that opens after it, from the row's number; else one is at the row again, or at the next of a queue.
    leads_to: str = ""

    def allowed_to(self, user: Any) -> bool:
        return bool(user.is_active and user.is_staff and user.has_perm(self.permission))


def asked(
    model_admin: "Described",
    request: HttpRequest,
    act: AdminAct,
    rows: Sequence[Any],
    *,
    hidden: dict[str, Any],
    cancel_url: str,
) -> TemplateResponse | None:
    """Does the act when its form was sent and is complete (None); else the page that asks."""
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
    model_admin: "Described", request: HttpRequest, act: AdminAct, rows: Sequence[Any], given: dict[str, Any]
) -> None:
    user = request.user
    assert isinstance(user, User)
    changed: list[Any] = []

    def do(row: Any) -> None:
        # What changes something leaves a line in the audit log; a repeat does not.
        with audit.watched() as lines:
            said = act.do(user, row, given)
        changed.extend([row] if lines else [])
        if isinstance(said, str):
            model_admin.message_user(request, said, notices.SUCCESS)

    done, refused = each(user, rows, do)
    for row, refusal in refused:
        model_admin.message_user(request, f"{model_admin.words(row)}: {refusal.detail}", notices.ERROR)
    if changed:
        model_admin.message_user(request, f"{act.label}: done for {len(changed)}.", notices.SUCCESS)
    for row in done:
        if row not in changed:
            model_admin.message_user(request, f"{model_admin.words(row)}: it was so already.", notices.INFO)
