"""Staff read a private or direct conversation: after the verb that asks for a reason, read-only, and for a short time."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from chat import clock
from chat.admin import columns
from chat.models import Channel, Member, Message, User
from chat.reads import oversight
from chat.services.inspecting import READING
from delivery.wire import ids

#: Messages of one page.
SHOWN = 50


def reading_page(request: HttpRequest, channel: Channel, context: dict[str, Any]) -> HttpResponse:
    """One page of messages, oldest first; if no reading is active, the page that asks for a reason."""
    assert isinstance(request.user, User)
    line = oversight.reading_of(request.user, channel.pk)
    if line is None:
        return HttpResponseRedirect(reverse("admin:chat_channel_act", args=[channel.pk, "read"]))
    rows = list(_rows(channel, _before(request)))
    shown = {
        "channel": columns.channel_name(channel),
        "people": ", ".join(_people(channel)),
        "line": line,
        "ends_at": columns.exact(line.created_at + READING),
        "minutes_left": max(1, int((line.created_at + READING - clock.now()).total_seconds() // 60)),
        "rows": [_row(row) for row in rows[:SHOWN][::-1]],
        "older": rows[SHOWN - 1].seq if len(rows) > SHOWN else None,
    }
    return TemplateResponse(request, "admin/gapless/reading.html", {**context, **shown})


def _before(request: HttpRequest) -> int | None:
    if not request.GET:
        return None
    asked = request.GET.get("before", "")
    if set(request.GET) != {"before"} or not ids.is_number(asked):
        raise Http404
    return int(asked)


def _rows(channel: Channel, before: int | None) -> Any:
    rows = Message.objects.filter(channel=channel).for_the_wire().order_by("-seq")
    return (rows if before is None else rows.before(before))[: SHOWN + 1]


def _people(channel: Channel) -> list[str]:
    members = Member.objects.filter(channel=channel).select_related("user").order_by("user__username")
    return [member.user.username for member in members]


def _row(row: Message) -> tuple[Any, ...]:
    what = columns.badge("deleted", "quiet") if row.deleted_at else columns.said(row.body, row.files)
    return (row.sender.username, what, columns.exact(row.created_at))
