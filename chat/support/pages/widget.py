"""The widget: a script that a company puts on its page, and the page that it frames.

Which pages may frame it is the inbox's to say; everywhere else of Gapless it stays "none". Neither sets a cookie.
"""

from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from chat import clock
from chat.support.models import Inbox
from chat.support.schedule import next_opening, schedule_of
from chat.support.services.visits import open_inbox
from delivery.wire.errors import NotFound
from delivery.wire.types import spell_time

_LOADER = Path(__file__).resolve().parents[2] / "static" / "gapless" / "bundle" / "widget.js"
#: A company's page asks for it each time; a new release is there after so long.
LOADER_SECONDS = 300
#: What a page may ask the frame to look like; otherwise as the person's system does.
THEMES = ("light", "dark")


@require_safe
def loader(request: HttpRequest) -> HttpResponse:
    """The script for a company's page: draws the button."""
    response = HttpResponse(_LOADER.read_bytes(), content_type="text/javascript; charset=utf-8")
    patch_cache_control(response, public=True, max_age=LOADER_SECONDS)
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_safe
def frame(request: HttpRequest, key: str) -> HttpResponse:
    """The chat itself, in a frame of the company's page."""
    try:
        inbox = open_inbox(key)
    except NotFound as refused:
        raise Http404(refused.detail) from None
    now = clock.now()
    opening = next_opening(now, schedule_of(inbox.hours))
    theme = request.GET.get("theme", "")
    seen = {
        "inbox": inbox,
        "is_open": opening == now,
        "opening": spell_time(opening) if opening is not None and opening != now else "",
        "limits": settings.LIMITS,
        "theme": theme if theme in THEMES else "",
    }
    response = render(request, "support/widget.html", seen)
    response["Content-Security-Policy"] = _policy(inbox)
    # The older header knows no list; browsers that know the newer one obey that alone.
    response.xframe_options_exempt = True
    return response


def _policy(inbox: Inbox) -> str:
    ancestors = " ".join(inbox.origins) or "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src blob:; connect-src 'self'; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )
