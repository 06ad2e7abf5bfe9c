"""The widget: a script that a company puts on its page, and the page that the script shows in a frame.

The inbox says which pages may frame it; no other page of Gapless may be framed. Neither the script nor the page sets a cookie.
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
#: How long browsers keep the script: a new release reaches companies' pages after so long; seconds.
LOADER_SECONDS = 300
#: The looks that a page may ask for; by default the frame follows the visitor's system.
THEMES = ("light", "dark")


@require_safe
def loader(request: HttpRequest) -> HttpResponse:
    """The script for a company's page, which draws the button of the chat."""
    response = HttpResponse(_LOADER.read_bytes(), content_type="text/javascript; charset=utf-8")
    patch_cache_control(response, public=True, max_age=LOADER_SECONDS)
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_safe
def frame(request: HttpRequest, key: str) -> HttpResponse:
    """The chat, in a frame on the company's page."""
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
    # The older header takes no list of origins; browsers that know the newer one ignore the older.
    response.xframe_options_exempt = True
    return response


def _policy(inbox: Inbox) -> str:
    ancestors = " ".join(inbox.origins) or "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src blob:; connect-src 'self'; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )
