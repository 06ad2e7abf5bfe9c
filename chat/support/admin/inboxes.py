"""Inboxes with their agents, and the script tag for the company's page."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chat.admin import columns
from chat.admin.base import ReadOnlyAdmin, Table, staff_of
from chat.admin.columns import column
from chat.support import services
from chat.support.admin.inbox_actions import ACTS, ADD, NewInboxForm, origins_of
from chat.support.models import Inbox
from chat.support.services.inboxes import inboxes_of
from chat.support.services.seats import public_names
from chat.viewer import page_of
from delivery.wire.errors import Refused


@admin.register(Inbox)
class InboxAdmin(ReadOnlyAdmin):
    list_display = ("name", "state", "routing", "team", "made")
    acts = ACTS
    change_list_template = "support/admin/inboxes.html"
    fields = (
        *("name", "state", "key", "script", "pages", "opening", "greeting", "closed_text", "routing", "capacity"),
        *("lease_seconds", "reopen_days", "resolves_after_days", "keeps_days", "asks_rating", "mail_from", "made"),
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Inbox]":
        return inboxes_of(staff_of(request)).select_related("hours").prefetch_related("agents__user")

    def get_urls(self) -> list[URLPattern]:
        new = path("new/", self.admin_site.admin_view(self.new_view), name="support_inbox_new")
        return [new, *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Asks for the name and the origins of a new inbox, and creates it."""
        user = staff_of(request)
        if not (user.is_staff and user.has_perm(ADD)):
            raise PermissionDenied
        form = NewInboxForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                given = form.cleaned_data
                inbox = services.create_inbox(user, name=given["name"], origins=origins_of(given))
            except Refused as refusal:
                form.add_error(None, refusal.detail)
            else:
                self.message_user(request, f"The secret of {inbox.name}, shown this once: {inbox.secret}")
                return HttpResponseRedirect(page_of(inbox))
        return TemplateResponse(request, "admin/gapless/act.html", self._asking(request, form))

    def _asking(self, request: HttpRequest, form: NewInboxForm) -> dict[str, Any]:
        act = {
            "label": "Create an inbox",
            "consequence": "Customers write to it; you supervise it, and add its agents next.",
        }
        return {
            **self.admin_site.each_context(request),
            "title": "Create an inbox",
            "opts": self.model._meta,
            "act": act,
            "rows": [],
            "form": form,
            "hidden": {},
            "cancel_url": reverse("admin:support_inbox_changelist"),
        }

    @column("state")
    def state(self, row: Inbox) -> SafeString:
        return columns.badges(
            ("open", "good") if row.is_enabled else ("closed to new conversations", "quiet"),
            ("signed in only", "") if row.must_verify else None,
        )

    @column("agents")
    def team(self, row: Inbox) -> str:
        return ", ".join(agent.user.get_full_name() for agent in row.agents.all()) or "nobody"

    @column("made")
    def made(self, row: Inbox) -> Any:
        return columns.ago(row.created_at)

    @column("for your page")
    def script(self, row: Inbox) -> SafeString:
        tag = f'<script async src="{settings.PUBLIC_URL}/widget.js" data-inbox="{row.key}"></script>'
        return format_html("<code>{}</code>", tag)

    @column("origins of its pages")
    def pages(self, row: Inbox) -> str:
        return ", ".join(row.origins) or "none yet: add their origins"

    @column("hours")
    def opening(self, row: Inbox) -> str:
        return "always open" if row.hours is None else str(row.hours)

    def tables(self, row: Inbox) -> list[Table]:
        names = public_names(row)
        agents = [
            (
                columns.person_link(agent.user),
                names.get(agent.user_id) or agent.user.display_name,
                "supervises" if agent.supervises else "",
                "yes" if agent.accepting else "no",
                agent.most,
            )
            for agent in row.agents.select_related("user", "inbox").order_by("user__username")
        ]
        return [
            Table(
                "Agents",
                ("who", "to customers", "", "accepting", "holds at most"),
                agents,
                "This inbox has no agents yet.",
            )
        ]
