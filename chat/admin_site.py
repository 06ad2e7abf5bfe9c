"""The staff's site: with Gapless' name, waiting work on its first page, and the same sign-in as the pages."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from chat.markdown import plain
from chat.models import Ban, SanctionKind, User
from chat.reads import moderation
from chat.viewer import looking

#: Reports and acts that the first page shows.
SHOWN = 6


ORDER = (
    "Inbox",
    "Rating",
    "Interval",
    "Report",
    "Message",
    "Channel",
    "Member",
    "Sanction",
    "User",
    "Ban",
    "AuditEntry",
    "Minute",
    "Group",
)


class GaplessSite(AdminSite):
    site_header = "Gapless"
    site_title = "Gapless"
    index_title = "What is waiting"
    site_url = "/"
    index_template = "admin/gapless/index.html"
    empty_value_display = "–"

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The one guarded door for everybody; a user who is signed in already has come as far as they may."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("This is for the staff.")
        return redirect(f"/sign-in/?{request.GET.urlencode()}" if request.GET else "/sign-in/?next=/admin/")

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        def seen(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            with looking(request.user):
                response: HttpResponseBase = view(request, *args, **kwargs)
                # Rendered here, while it is known who is looking: links lead only where that person may go.
                return response.render() if isinstance(response, TemplateResponse) else response

        return super().admin_view(seen, cacheable)

    def get_urls(self) -> list[Any]:
        """Without what no page here leads to: names for select boxes, and the place of any row of any table."""
        return [url for url in super().get_urls() if getattr(url, "name", None) not in ("autocomplete", "view_on_site")]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """One list, in the order in which the staff needs it."""
        models = {model["object_name"]: model for app in super().get_app_list(request) for model in app["models"]}
        shown = [models[name] for name in ORDER if name in models]
        url = reverse("admin:index", current_app=self.name)
        has_perms = bool(shown)
        app = {
            "name": "Everything",
            "app_label": "chat",
            "app_url": url,
            "has_module_perms": has_perms,
            "models": shown,
        }
        return [app] if shown else []

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        user = request.user
        assert isinstance(user, User)
        return super().index(request, {**(extra_context or {}), **_waiting(user)})


def _waiting(user: User) -> dict[str, Any]:
    waiting: dict[str, Any] = {}
    if user.has_perm("chat.view_report"):
        waiting["open_reports"] = moderation.count_open(user)
        waiting["many"] = moderation.MOST_COUNTED
        reports = moderation.reports_visible_to(user).open().cases().order_by("pk")[:SHOWN]
        waiting["reports"] = [(report, plain(report.body)) for report in reports]
    if user.has_perm("chat.view_sanction"):
        waiting["mutes"] = moderation.sanctions_visible_to(user, SanctionKind.MUTE).count()
    if user.has_perm("chat.view_ban"):
        waiting["bans"] = Ban.objects.standing().count()
    if user.has_perm("chat.view_auditentry"):
        waiting["acts"] = moderation.audit_visible_to(user).order_by("-pk")[:SHOWN]
    return waiting
