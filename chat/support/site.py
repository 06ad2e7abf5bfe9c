"""The staff's site, with the desk on its first page: how many customers wait, and for how long."""

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse

from chat.admin_site import GaplessSite
from chat.models import User
from chat.support import services


class SupportSite(GaplessSite):
    index_template = "support/index.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        user = request.user
        assert isinstance(user, User)
        desk: dict[str, Any] = {}
        if services.inboxes_of(user).exists():
            desk["queue"] = services.count_queue(user)
        return super().index(request, {**(extra_context or {}), **desk})
